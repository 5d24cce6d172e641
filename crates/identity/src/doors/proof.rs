use http::{HeaderMap, header::AUTHORIZATION};

use crate::Rejection;

/// What the `Authorization` header holds; none if it is not there.
pub(super) fn shown_proof(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::Repeated("Authorization"));
    }
    let text = value.to_str().map_err(|_| Rejection::UnknownKind)?;
    bearer_of(text).ok_or(Rejection::UnknownKind).map(Some)
}

/// The token behind `Bearer`, in any case (RFC 9110, section 11.1).
fn bearer_of(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
