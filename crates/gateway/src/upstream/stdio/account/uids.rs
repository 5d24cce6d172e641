use std::{fmt, ops::RangeInclusive, str::FromStr};

use rustix::{
    process::geteuid,
    thread::{CapabilitySet, capabilities},
};

/// The users that are taken where none are set: above all that accounts, directories, subordinate
/// ids and containers are given, and below 2³¹.
const USUAL: RangeInclusive<u32> = 2_100_000_000..=2_146_999_999;

/// As which users of the machine the processes of stdio servers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StdioUids {
    /// Each connection's as one of their own where the gate may do that, else as the gate's.
    #[default]
    Auto,
    /// As the gate's.
    None,
    /// Each connection's as one of these, or they are not started.
    Of {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
}

impl StdioUids {
    pub(super) const fn range(self) -> Option<RangeInclusive<u32>> {
        match self {
            Self::Auto => Some(USUAL),
            Self::None => None,
            Self::Of { first, last } => Some(first..=last),
        }
    }
}

impl FromStr for StdioUids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => return Ok(Self::Auto),
            "none" => return Ok(Self::None),
            _ => {}
        }
        let bounds = text.split_once('-').and_then(|(first, last)| {
            Some((first.trim().parse::<u32>().ok()?, last.trim().parse::<u32>().ok()?))
        });
        match bounds {
            None => Err("must be auto, none, or the first and the last uid: 2100000000-2100099999"
                .to_owned()),
            Some((0, _)) => Err("must not begin with 0, which is root".to_owned()),
            Some((_, u32::MAX)) => Err("must end below 4294967295, which is nobody's".to_owned()),
            Some((first, last)) if first > last => {
                Err("must have its first uid before its last".to_owned())
            }
            Some((first, last)) => Ok(Self::Of { first, last }),
        }
    }
}

impl fmt::Display for StdioUids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::Of { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

/// What keeps processes from having users of their own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) what: String,
    /// What the operator can do about it.
    pub(super) remedy: &'static str,
}

impl Obstacle {
    fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        Self { what: what.into(), remedy }
    }

    /// Nobody wants them to.
    pub(super) fn unwanted() -> Self {
        Self::new("--stdio-uids is none", "set --stdio-uids auto")
    }
}

/// What keeps this program from starting processes as these users, and from ending them.
pub(super) fn obstacle(range: &RangeInclusive<u32>) -> Option<Obstacle> {
    // Others who may change their user would hand that right on to what they start.
    let uid = geteuid();
    if !uid.is_root() {
        let what = format!("the gate runs as an ordinary user, uid {}", uid.as_raw());
        return Some(Obstacle::new(what, "run the gate as root"));
    }
    let needed = [
        (CapabilitySet::SETUID, "CAP_SETUID"),
        (CapabilitySet::SETGID, "CAP_SETGID"),
        (CapabilitySet::CHOWN, "CAP_CHOWN"),
        (CapabilitySet::KILL, "CAP_KILL"),
    ];
    let held = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    let missing: Vec<_> = needed.iter().filter(|it| !held.contains(it.0)).map(|it| it.1).collect();
    if !missing.is_empty() {
        let what = format!("the gate is root without {}", missing.join(" and "));
        return Some(Obstacle::new(what, "give it these capabilities"));
    }
    ["uid_map", "gid_map"].into_iter().find_map(|map| {
        let text = std::fs::read_to_string(format!("/proc/self/{map}")).unwrap_or_default();
        let known = holds(&text, range);
        let (first, last) = (range.start(), range.end());
        let what = format!(
            "this container's user namespace has no uids {first} to {last} (/proc/self/{map})"
        );
        (!known).then(|| Obstacle::new(what, "set --stdio-uids to uids that it has"))
    })
}

/// Whether one line of a namespace's map holds them all: its first id inside, outside, how many.
fn holds(map: &str, range: &RangeInclusive<u32>) -> bool {
    map.lines().any(|line| {
        let mut words = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (words.next(), words.next(), words.next())
        else {
            return false;
        };
        first <= u64::from(*range.start()) && u64::from(*range.end()) < first.saturating_add(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_users_other_than_root() {
        assert_eq!("auto".parse(), Ok(StdioUids::Auto));
        assert_eq!("none".parse(), Ok(StdioUids::None));
        let some: StdioUids = "70000-80000".parse().unwrap();
        assert_eq!(some, StdioUids::Of { first: 70_000, last: 80_000 });
        assert_eq!(some.to_string(), "70000-80000");
        for wrong in ["", "all", "0-9", "9-8", "5", "-1-5", "1-4294967295", "1-99999999999"] {
            assert!(wrong.parse::<StdioUids>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_namespace_has_what_one_line_of_its_map_holds() {
        assert!(holds("         0          0 4294967295\n", &USUAL));
        let rootless = "0 1000 1\n1 100000 65536\n";
        assert!(!holds(rootless, &USUAL));
        assert!(holds(rootless, &(20_000..=65_536)));
        assert!(!holds(rootless, &(20_000..=65_537)));
        assert!(!holds("", &USUAL) && !holds("junk\n1 2\n", &USUAL));
    }
}
