use http::Uri;
use url::form_urlencoded;

/// The parameters of a request, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The one value of a parameter. With several nobody could say which counts.
    pub(crate) fn one(&self, name: &str) -> Result<Option<String>, ()> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(()),
            (found, None) => Ok(found.map(|(_, value)| value.clone())),
        }
    }
}
