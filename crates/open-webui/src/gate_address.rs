use url::Url;

/// The address under which Open WebUI reaches the gate, without the endpoint.
///
/// # Errors
/// What it must be.
pub fn gate_address(text: &str) -> Result<Url, String> {
    let sound = |it: &Url| {
        matches!(it.scheme(), "http" | "https")
            && it.has_host()
            && it.query().is_none()
            && it.fragment().is_none()
            && it.username().is_empty()
            && it.password().is_none()
    };
    let url = text.trim().parse::<Url>().ok().filter(sound);
    let url = url.ok_or("must be an address such as http://gatehall:8080")?;
    match url.path().trim_end_matches('/').ends_with("/mcp") {
        true => Err("must be the address of the gate itself, without /mcp".into()),
        false => Ok(url),
    }
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
            "http://k@gate",
            "http://:p@gate",
            "http://gate?x=1",
            "http://gate#x",
        ] {
            assert!(gate_address(bad).is_err(), "{bad}");
        }
    }
}
