//! Variables that nobody is asked for, by what they are.

use ipnet::Ipv4Net;
use url::Url;

use super::{Checked, word};
use crate::variables::{AUTHENTIK, EXAMPLES};

/// The smallest network has room for its two ends and for the engine's own.
const LONGEST_PREFIX: u8 = 29;

fn fits(value: &str, is_right: bool, problem: &str) -> Checked {
    match is_right {
        true => Ok(value.to_owned()),
        false => Err(problem.to_owned()),
    }
}

/// Programs read no other words, or read them otherwise.
pub(crate) fn switch(value: &str) -> Checked {
    fits(value, matches!(value, "true" | "false"), "it has to be true or false")
}

pub(crate) fn number(value: &str) -> Checked {
    let is_number = value.bytes().all(|b| b.is_ascii_digit()) && value.parse::<u32>().is_ok();
    fits(value, is_number, "it has to be a number, such as 200")
}

pub(crate) fn size(value: &str) -> Checked {
    let end = value.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (count, unit) = value.split_at(end);
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    let is_count = count.split('.').count() <= 2 && count.split('.').all(digits);
    let units = ["", "b", "k", "kb", "m", "mb", "g", "gb"];
    let is_right = is_count && units.contains(&unit.to_ascii_lowercase().as_str());
    fits(value, is_right, "it has to be an amount of memory, such as 192m or 2g")
}

pub(crate) fn network(value: &str) -> Checked {
    let network: Ipv4Net =
        value.parse().map_err(|_| "it has to be a network like 172.30.253.0/28".to_owned())?;
    match network.prefix_len() {
        0 => Err("it is everybody: name a private network, such as 172.30.253.0/28".into()),
        prefix if prefix > LONGEST_PREFIX => {
            Err(format!("it is too small: name one of /{LONGEST_PREFIX} or larger"))
        }
        prefix => fits(
            value,
            network.trunc() == network,
            &format!("the network begins with {}: write {0}/{prefix}", network.network()),
        ),
    }
}

pub(crate) fn parts(value: &str) -> Checked {
    let known = [AUTHENTIK, EXAMPLES];
    match value.split(',').map(str::trim).find(|it| !it.is_empty() && !known.contains(it)) {
        None => Ok(value.to_owned()),
        Some(other) => Err(format!(
            "\"{}\" is neither {AUTHENTIK} nor {EXAMPLES}; one of your own is named by \
             docker compose --profile",
            other.escape_debug()
        )),
    }
}

pub(crate) fn image(value: &str) -> Checked {
    let is_part = |it: &str| {
        it.starts_with(|c: char| c.is_ascii_alphanumeric())
            && it.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:@".contains(&b))
    };
    fits(value, value.split('/').all(is_part), "it has to be an image as name:tag")
}

pub(crate) fn authority(value: &str) -> Checked {
    let is_right = Url::parse(value).is_ok_and(|it| it.scheme() == "https" && it.has_host());
    let problem = "it has to be an address that begins with https://, such as \
                   https://acme-v02.api.letsencrypt.org/directory";
    fits(value, is_right, problem)
}

pub(crate) fn log(value: &str) -> Checked {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |part: &str| {
        let level = part.rsplit('=').next().unwrap_or_default();
        levels.contains(&level.to_ascii_lowercase().as_str())
    };
    let is_right = word(value).is_ok() && value.split(',').all(is_level);
    let problem = "it has to be error, warn, info, debug or trace, perhaps by module, such as \
                   info,gatehall=debug";
    fits(value, is_right, problem)
}

pub(crate) fn header(value: &str) -> Checked {
    let is_right = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits(value, is_right, "it has to be the name of a header: letters, digits and -")
}
