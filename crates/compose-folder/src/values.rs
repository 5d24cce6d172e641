//! What the variables of `.env` have to be like. Each check gives the value as it is written down.

use std::net::IpAddr;

use gatehall_domain::{EmailAddress, Issuer, Profile, Refusal, email_domains, is_guid};
use gatehall_vault::is_placeholder;
use url::{Host, Url};

use crate::{Hosts, written};

mod kinds;

pub(crate) use self::kinds::{authority, header, image, log, network, number, parts, size, switch};

/// A value as it is written down, or what is wrong with it.
pub type Checked = Result<String, String>;

/// The longest name of a host, less the longest that is put before a domain.
const LONGEST_DOMAIN: usize = 253 - "admin.".len();

/// A domain below which hosts get names.
///
/// # Errors
/// What is wrong with it.
pub fn domain(text: &str) -> Checked {
    let text = text.trim().trim_end_matches('.');
    for (sign, problem) in [
        ("://", "write it without https://"),
        ("@", "write the domain alone, without what stands before @"),
        ("/", "write it without a path"),
        ("*", "write it without *: the hosts below it have names of their own"),
        (":", "write it without a port"),
    ] {
        if text.contains(sign) {
            return Err(format!("\"{}\" is not a domain alone: {problem}", text.escape_debug()));
        }
    }
    let wrong = format!("\"{}\" is not a domain like example.org", text.escape_debug());
    let name = match Host::parse(text) {
        Ok(Host::Domain(name)) => name,
        Ok(_) => return Err(format!("{wrong}: certificates are for names, not for addresses")),
        Err(_) => return Err(wrong),
    };
    let is_label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !name.contains('.') || name.len() > LONGEST_DOMAIN || !name.split('.').all(is_label) {
        return Err(wrong);
    }
    Ok(name)
}

/// Domains of examples, which nobody has.
const EXAMPLES: [&str; 3] = ["example.org", "example.com", "example.net"];

/// The domain of a deployment.
///
/// # Errors
/// What is wrong with it.
pub fn own_domain(text: &str) -> Checked {
    let domain = domain(text)?;
    match EXAMPLES.contains(&domain.as_str()) {
        true => Err(format!("{domain} is that of an example: name your own")),
        false => Ok(domain),
    }
}

/// Domains of people's addresses, that of the first administrator's among them.
///
/// # Errors
/// What is wrong with them.
pub fn people(text: &str, admin: Option<&str>) -> Checked {
    let domains = email_domains(text)?;
    if domains.is_empty() {
        return Err("name at least one domain, such as example.org".into());
    }
    let admin = admin.and_then(|it| email(it).ok());
    match admin.as_ref().and_then(|it| it.split_once('@')) {
        Some((_, domain)) if domains.iter().all(|it| it != domain) => Err(format!(
            "{domain} is missing, the domain of the administrator's address: nobody could vouch \
             for it"
        )),
        _ => Ok(domains.join(",")),
    }
}

/// The kind of a provider.
///
/// # Errors
/// What is wrong with it.
pub fn profile(text: &str) -> Checked {
    match text.parse::<Profile>() {
        Ok(profile) => Ok(profile.as_str().to_owned()),
        Err(_) => Err(format!(
            "it is \"{}\" and has to be entra, authentik or generic",
            text.escape_debug()
        )),
    }
}

/// What is wrong with an issuer, by whether it is Authentik of the deployment.
pub fn unlike_own(domain: &str, issuer: &str, is_own: bool) -> Option<String> {
    let own = Hosts::below(domain).own_issuer();
    match (is_own, issuer == own) {
        (true, false) => Some(format!("with Authentik of this deployment it has to be {own}")),
        (false, true) => Some(
            "it is that of Authentik of this deployment, which does not run: set \
             COMPOSE_PROFILES=authentik and PROVIDER_PROFILE=authentik, or name another provider"
                .into(),
        ),
        _ => None,
    }
}

/// Something that can be written into files with variables.
///
/// # Errors
/// What is wrong with it.
pub fn text(text: &str) -> Checked {
    let text = text.trim();
    written(text).map_err(|problem| format!("it {problem}"))?;
    Ok(text.to_owned())
}

/// One word, as it comes from elsewhere.
fn word(text: &str) -> Checked {
    let text = text.trim();
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err("it must be one word of visible characters, without blanks".into()),
    }
}

/// A secret that somebody else made up.
fn foreign_secret(text: &str) -> Checked {
    let secret = word(text)?;
    match is_placeholder(&secret) {
        true => Err("it only stands in for a secret: give the real one".into()),
        false => Ok(secret),
    }
}

/// The secret of the gate at a provider.
///
/// # Errors
/// What is wrong with it.
pub fn client_secret(text: &str, profile: &str) -> Checked {
    if profile == "entra" && is_guid(text.trim()) {
        return Err("this is the secret's ID: Entra ID shows the secret itself under Value".into());
    }
    foreign_secret(text)
}

/// The key of a model endpoint, which stands in a file with variables, too.
///
/// # Errors
/// What is wrong with it.
pub fn model_key(key: &str) -> Checked {
    text(&foreign_secret(key)?)
}

/// Why something is refused, without the field, which whoever asks knows by another name.
fn bare(field: &str, refusal: &Refusal) -> String {
    let text = refusal.to_string();
    text.strip_prefix(&format!("{field}: ")).unwrap_or(&text).to_owned()
}

/// An address of somebody.
///
/// # Errors
/// What is wrong with it.
pub fn email(text: &str) -> Checked {
    let address: EmailAddress = text.trim().parse().map_err(|error| bare("email", &error))?;
    domain(address.domain()).map_err(|problem| format!("\"{address}\": {problem}"))?;
    Ok(address.to_string())
}

/// An issuer, or for Entra ID the id of the directory.
///
/// # Errors
/// What is wrong with it.
pub fn issuer(text: &str, profile: &str) -> Checked {
    let text = text.trim();
    if profile == "entra" && is_guid(text) {
        return Ok(format!("https://login.microsoftonline.com/{text}/v2.0"));
    }
    if profile == "entra" && !text.contains("://") {
        return Err("it must be the directory's ID, which is a GUID, or an address with it".into());
    }
    if text.contains('@') {
        return Err("write it without a user, and so without @".into());
    }
    if text.contains("/.well-known/") {
        return Err("leave off /.well-known/ and what stands behind it".into());
    }
    let issuer: Issuer = text.parse().map_err(|error| bare("issuer", &error))?;
    if !text.starts_with("https://") {
        return Err("it must begin with https://, since it is asked from inside a container".into());
    }
    if profile == "entra" && !issuer.as_str().split('/').skip(3).any(is_guid) {
        return Err("for Entra ID it names the directory by its ID, as in \
                    https://login.microsoftonline.com/7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77/v2.0"
            .into());
    }
    Ok(issuer.to_string())
}

/// An id of the gate at a provider.
///
/// # Errors
/// What is wrong with it.
pub fn client_id(id: &str) -> Checked {
    let id = text(&word(id)?)?;
    match id.len() <= 256 {
        true => Ok(id),
        false => Err("it must have at most 256 characters".into()),
    }
}

/// The address of a model endpoint.
///
/// # Errors
/// What is wrong with it.
pub fn model_url(text: &str) -> Checked {
    let text = text.trim().trim_end_matches('/');
    let url = Url::parse(text)
        .map_err(|_| "it must be an address like https://api.openai.com/v1".to_owned())?;
    let host = url.host().ok_or("it must name a host")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("write it without a user: the key is asked for by itself".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("write it without ? and #".into());
    }
    if url.path() == "/" {
        return Err(format!("the path is missing, mostly /v1: {text}/v1"));
    }
    let (is_here, is_near) = match host {
        Host::Domain(name) => {
            let ends = [".internal", ".local", ".lan", ".home.arpa"];
            let is_near = !name.contains('.') || ends.iter().any(|end| name.ends_with(end));
            (name == "localhost" || name.ends_with(".localhost"), is_near)
        }
        Host::Ipv4(it) => (it.is_loopback() || it.is_unspecified(), it.is_private()),
        Host::Ipv6(it) => {
            (IpAddr::V6(it).is_loopback() || it.is_unspecified(), it.is_unique_local())
        }
    };
    match url.scheme() {
        _ if is_here => Err("for a container that is the container itself: name this machine by \
                             an address that containers reach"
            .into()),
        "https" => Ok(text.to_owned()),
        "http" if is_near => Ok(text.to_owned()),
        "http" => Err("with http:// everybody on the way could read the key: use https://".into()),
        _ => Err("it must begin with https://".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_one_alone() {
        for (text, name) in [
            ("example.org", "example.org"),
            (" AI.Example.ORG. ", "ai.example.org"),
            ("b\u{fc}ro.example", "xn--bro-hoa.example"),
            ("xn--bro-hoa.example", "xn--bro-hoa.example"),
        ] {
            assert_eq!(domain(text).unwrap(), name);
        }
        let long = format!("{}.example.org", "a".repeat(64));
        let longer = vec!["abcdefghi"; 26].join(".");
        for wrong in [
            "",
            ".",
            "localhost",
            "https://example.org",
            "example.org/",
            "example.org:443",
            "*.example.org",
            "192.0.2.1",
            "[2001:db8::1]",
            "a..example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "exa mple.org",
            "ada@example.org",
            "example.org\n.x",
            "$HOME.example",
            &long,
            &longer,
        ] {
            assert!(domain(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_people_are_checked_and_folded() {
        assert_eq!(email(" Ada@Example.org ").unwrap(), "ada@example.org");
        for wrong in ["ada", "ada@", "ada@localhost", "a b@example.org", "ada@example..org"] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_issuer_is_asked_over_https() {
        let tenant = "7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77";
        let entra = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert_eq!(issuer(tenant, "entra").unwrap(), entra);
        assert!(issuer(tenant, "generic").is_err());
        let slash = "https://auth.example.org/application/o/gatehall/";
        assert_eq!(issuer(slash, "generic").unwrap(), slash);
        for wrong in [
            "http://auth.example.org",
            "http://localhost:8080/",
            "auth.example.org",
            "https://a?b",
            "https://auth.example.org/.well-known/openid-configuration",
            "https://u:p@a.example",
        ] {
            assert!(issuer(wrong, "generic").is_err(), "{wrong}");
        }
        for wrong in ["https://login.microsoftonline.com/company.example/v2.0", "company.example"] {
            let error = issuer(wrong, "entra").unwrap_err();
            assert!(error.contains("directory"), "{error}");
        }
        assert_eq!(issuer(&entra, "entra").unwrap(), entra);
    }

    #[test]
    fn a_model_endpoint_keeps_its_key() {
        for (text, url) in [
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            ("http://ollama:11434/v1", "http://ollama:11434/v1"),
            ("http://10.0.0.5:8000/v1", "http://10.0.0.5:8000/v1"),
            ("http://host.docker.internal:11434/v1", "http://host.docker.internal:11434/v1"),
        ] {
            assert_eq!(model_url(text).unwrap(), url);
        }
        for (wrong, says) in [
            ("api.openai.com/v1", "address like"),
            ("https://api.openai.com", "/v1"),
            ("http://api.openai.com/v1", "https://"),
            ("http://localhost:11434/v1", "container itself"),
            ("https://127.0.0.1/v1", "container itself"),
            ("https://user:key@api.openai.com/v1", "without a user"),
            ("https://api.openai.com/v1?key=x", "without ?"),
            ("ftp://api.openai.com/v1", "https://"),
        ] {
            let error = model_url(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn people_have_a_domain_and_so_has_the_administrator() {
        assert_eq!(people("Example.org, x.example", None).unwrap(), "example.org,x.example");
        assert_eq!(people("x.example", Some("Ada@X.example")).unwrap(), "x.example");
        assert!(people("", None).is_err() && people("a..b", None).is_err());
        let error = people("x.example", Some("ada@y.example")).unwrap_err();
        assert!(error.contains("y.example is missing"), "{error}");
    }

    #[test]
    fn a_secret_is_not_what_stands_in_for_one() {
        let error = client_secret("7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77", "entra").unwrap_err();
        assert!(error.contains("Value"), "{error}");
        assert!(client_secret("changeme", "generic").is_err());
        assert!(client_secret("abc~8Q def", "entra").is_err());
        assert_eq!(client_secret(" abc~8Q\n", "entra").unwrap(), "abc~8Q");
        assert!(model_key("none").is_ok() && model_key("sk-'x").is_err());
        assert!(model_key("<your key here>").is_err() && model_key("").is_err());
        assert!(client_id("a'b").is_err() && client_id("a b").is_err() && client_id("a").is_ok());
    }
}
