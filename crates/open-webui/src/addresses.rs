//! Where gates and Open WebUIs are.

use url::Url;

/// The address under which Open WebUI reaches the gate, without the endpoint.
///
/// # Errors
/// What it must be.
pub fn gate_address(text: &str) -> Result<Url, String> {
    let url = text.trim().parse::<Url>().ok().filter(is_plain);
    let url = url.ok_or("must be an address such as http://gatehall:8080")?;
    let path = url.path().trim_end_matches('/');
    // What the gate has below its address is none.
    let inner = path.ends_with("/openapi.json")
        || path.rsplit('/').take(2).any(|part| matches!(part, "mcp" | "t"));
    match inner {
        true => Err("must be the address of the gate itself, without /mcp or /t and what \
                     follows it"
            .into()),
        false => Ok(url),
    }
}

/// The address of an Open WebUI.
///
/// # Errors
/// What it must be.
pub fn chat_address(text: &str) -> Result<Url, String> {
    let url = text.trim().parse::<Url>().ok().filter(is_plain);
    url.ok_or_else(|| "must be an address such as http://open-webui:8080".into())
}

/// Whether an address says where a server is, and nothing besides: it is kept and shown, so that
/// neither a name nor a password may be in it.
pub(crate) fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_gate_itself() {
        assert!(
            gate_address("http://gate:8080").is_ok() && gate_address("https://x/gate/").is_ok()
        );
        for bad in [
            "ftp://gate",
            "gate:8080",
            "http://gate:8080/mcp",
            "http://gate/mcp/",
            "http://gate:8080/mcp/google",
            "http://gate:8080/t/google",
            "http://gate:8080/t/google/openapi.json",
            "http://gate:8080/openapi.json",
            "http://k@gate",
            "http://:p@gate",
            "http://gate?x=1",
            "http://gate#x",
        ] {
            assert!(gate_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_of_open_webui_has_nothing_that_proves_somebody() {
        assert!(
            chat_address(" http://chat:8080/ ").is_ok() && chat_address("https://x/chat").is_ok()
        );
        for bad in [
            "http://key@chat",
            "http://:password@chat",
            "http://a:b@chat",
            "chat:8080",
            "http://chat?x",
            "http://chat#x",
            "file:///chat",
        ] {
            assert!(chat_address(bad).is_err(), "{bad}");
        }
    }
}
