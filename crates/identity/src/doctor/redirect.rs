//! What a provider says of a redirect URI, when it is asked for a sign-in without a page.

use http::StatusCode;

/// What it says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectSaid {
    /// It sends back there.
    Takes,
    /// It refuses it, or the client; in its words, or with this status.
    Refuses(String),
    /// Nothing that tells.
    Silent,
}

/// What pages say that are shown in place of an error, with whatever status.
const REFUSALS: [&str; 8] = [
    // Entra ID: another redirect URI, an unknown client, a malformed address.
    "AADSTS50011",
    "AADSTS700016",
    "AADSTS900971",
    // Google, and many others.
    "redirect_uri_mismatch",
    // Keycloak.
    "Invalid parameter: redirect_uri",
    // Authentik.
    "Redirect URI Error",
    "mismatching redirection URI",
    "invalid_redirect_uri",
];

/// Reads an answer to a request that names `redirect` and wants no page (`prompt=none`). A provider
/// that does not know the address shows an error of its own, and sends nobody back.
pub fn redirect_said(
    status: StatusCode,
    location: Option<&str>,
    page: &str,
    redirect: &str,
) -> RedirectSaid {
    let back = location.and_then(|it| it.strip_prefix(redirect));
    if back.is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#', '&'])) {
        return RedirectSaid::Takes;
    }
    let said =
        |word: &&&str| page.contains(**word) || location.is_some_and(|it| it.contains(**word));
    if let Some(word) = REFUSALS.iter().find(said) {
        return RedirectSaid::Refuses((*word).to_owned());
    }
    match status.is_client_error() {
        true => RedirectSaid::Refuses(status.to_string()),
        false => RedirectSaid::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_tells_is_understood_whatever_its_status() {
        const BACK: &str = "https://admin.x.example/oauth2/callback";
        let said = |status, location, page: &str| redirect_said(status, location, page, BACK);
        let back = format!("{BACK}?error=login_required&state=doctor");
        assert_eq!(said(StatusCode::FOUND, Some(&back), ""), RedirectSaid::Takes);
        let other = format!("{BACK}.evil.example/?error=login_required");
        assert_eq!(said(StatusCode::FOUND, Some(&other), ""), RedirectSaid::Silent);
        let entra = "<html>AADSTS50011: The redirect URI specified in the request does not match";
        assert_eq!(
            said(StatusCode::OK, None, entra),
            RedirectSaid::Refuses("AADSTS50011".into()),
            "Entra ID shows it with 200"
        );
        let google = "https://accounts.example/error?authError=redirect_uri_mismatch";
        assert!(matches!(said(StatusCode::FOUND, Some(google), ""), RedirectSaid::Refuses(_)));
        assert!(matches!(said(StatusCode::BAD_REQUEST, None, ""), RedirectSaid::Refuses(_)));
        assert_eq!(said(StatusCode::OK, None, "<html>Sign in"), RedirectSaid::Silent);
    }
}
