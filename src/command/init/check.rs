//! What answers have to be like. Each check gives the answer as it is written down.

use std::net::IpAddr;

use gatehall_domain::{EmailAddress, Issuer, Refusal, is_guid};
use gatehall_vault::is_placeholder;
use url::{Host, Url};

use crate::settings;

pub(super) type Checked = Result<String, String>;

/// The longest name of a host, less the longest that is put before a domain.
const LONGEST_DOMAIN: usize = 253 - "admin.".len();

/// A domain below which hosts get names.
pub(super) fn domain(text: &str) -> Checked {
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

/// Why something is refused, without the field, which whoever asks knows by another name.
fn bare(field: &str, refusal: &Refusal) -> String {
    let text = refusal.to_string();
    text.strip_prefix(&format!("{field}: ")).unwrap_or(&text).to_owned()
}

/// An address of somebody.
pub(super) fn email(text: &str) -> Checked {
    let address: EmailAddress = text.trim().parse().map_err(|error| bare("email", &error))?;
    domain(address.domain()).map_err(|problem| format!("\"{address}\": {problem}"))?;
    Ok(address.to_string())
}

/// Domains of people's addresses.
pub(super) fn people(text: &str) -> Checked {
    let domains = settings::domains(text)?.0;
    match domains.is_empty() {
        true => Err("name at least one domain, such as example.org".into()),
        false => Ok(domains.join(",")),
    }
}

/// An issuer, or for Entra ID the id of the directory.
pub(super) fn issuer(text: &str, profile: &str) -> Checked {
    let text = text.trim();
    if profile == "entra" && is_guid(text) {
        return Ok(format!("https://login.microsoftonline.com/{text}/v2.0"));
    }
    if text.contains("/.well-known/") {
        return Err("leave off /.well-known/ and what stands behind it".into());
    }
    let issuer: Issuer = text.parse().map_err(|error| bare("issuer", &error))?;
    if !text.starts_with("https://") {
        return Err("it must begin with https://, since it is asked from inside a container".into());
    }
    Ok(issuer.to_string())
}

/// An id of the gate at a provider.
pub(super) fn client_id(text: &str) -> Checked {
    let text = text.trim();
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    match !text.is_empty() && text.len() <= 256 && is_plain {
        true => Ok(text.to_owned()),
        false => Err("it has visible characters without blanks".into()),
    }
}

/// A secret that somebody else made up.
fn foreign_secret(text: &str) -> Checked {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    if text.is_empty() || !is_plain {
        return Err("it has visible characters without blanks".into());
    }
    if is_placeholder(text) {
        return Err("it only stands in for a secret: give the real one".into());
    }
    Ok(text.to_owned())
}

/// The secret of the gate at a provider.
pub(super) fn client_secret(text: &str, profile: &str) -> Checked {
    if profile == "entra" && is_guid(text.trim()) {
        return Err("this is the secret's ID: Entra ID shows the secret itself under Value".into());
    }
    foreign_secret(text.trim())
}

/// The key of a model endpoint.
pub(super) fn model_key(text: &str) -> Checked {
    let key = foreign_secret(text.trim())?;
    gatehall_compose_folder::written(&key).map_err(|problem| format!("it {problem}"))?;
    Ok(key)
}

/// The address of a model endpoint.
pub(super) fn model_url(text: &str) -> Checked {
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

/// A model's id at the endpoint.
pub(super) fn model(text: &str) -> Checked {
    let text = text.trim();
    gatehall_compose_folder::written(text).map_err(|problem| format!("it {problem}"))?;
    Ok(text.to_owned())
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
    fn addresses_are_checked_and_folded() {
        assert_eq!(email(" Ada@Example.org ").unwrap(), "ada@example.org");
        assert_eq!(people("Example.org, x.example").unwrap(), "example.org,x.example");
        for wrong in ["ada", "ada@", "ada@localhost", "a b@example.org", "ada@example..org"] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
        assert!(people("").is_err() && people("example").is_ok() && people("a..b").is_err());
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
        let error = client_secret(tenant, "entra").unwrap_err();
        assert!(error.contains("Value"), "{error}");
        assert!(client_secret("changeme", "generic").is_err());
        assert!(client_secret("abc~8Q def", "entra").is_err());
        assert_eq!(client_secret(" abc~8Q\n", "entra").unwrap(), "abc~8Q");
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
        assert!(model_key("none").is_ok() && model_key("sk-'x").is_err());
        assert!(model_key("<your key here>").is_err() && model_key("").is_err());
    }
}
