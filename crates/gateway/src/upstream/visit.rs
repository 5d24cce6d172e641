use serde_json::Value;
use url::Url;

use super::answer::error_parts;

/// The code of revision 2025-11-25 for a call that needs its user to visit a page first.
pub(crate) const VISIT_REQUIRED: i64 = -32042;

/// As many pages are passed on.
const MOST: usize = 8;

/// A page that the user has to visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) message: String,
    /// Of HTTP: nothing else is a page.
    pub(crate) url: String,
}

/// The pages that an error wants visited; none if it is another error.
pub(crate) fn visits(error: &bytes::Bytes) -> Vec<Visit> {
    if error_parts(error).0 != VISIT_REQUIRED {
        return Vec::new();
    }
    let error: Value = serde_json::from_slice(error).unwrap_or_default();
    let asked = error.pointer("/data/elicitations").and_then(Value::as_array);
    let visit = |asked: &Value| {
        let text = |name: &str| asked.get(name).and_then(Value::as_str);
        (text("mode") == Some("url")).then_some(())?;
        let url = Url::parse(text("url")?).ok()?;
        // With a name in it an address looks like another's.
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_plain && matches!(url.scheme(), "https" | "http")).then_some(())?;
        let message = gatehall_domain::names::shown(text("message").unwrap_or_default(), 400);
        Some(Visit { message: message.into_owned(), url: url.into() })
    };
    asked.into_iter().flatten().filter_map(visit).take(MOST).collect()
}

/// The pages in one line, for those who can only read of them.
pub(crate) fn told(visits: &[Visit]) -> String {
    let one = |visit: &Visit| format!("{} {}", visit.message, visit.url);
    let all: Vec<String> = visits.iter().map(one).collect();
    format!("wants the user to visit a page first: {}", all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_passed_on() {
        let read = |text: &'static str| visits(&bytes::Bytes::from_static(text.as_bytes()));
        let found = read(
            r#"{"code":-32042,"message":"m","data":{"elicitations":[
                {"mode":"url","url":"https://id.example/a b","message":"Sign\nin"},
                {"mode":"url","url":"javascript:alert(1)"},
                {"mode":"url","url":"file:///etc/passwd"},
                {"mode":"url","url":"https://gate.example:443@evil.example/"},
                {"mode":"form","url":"https://id.example"},
                {"mode":"url"}, 7, null]}}"#,
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].url, "https://id.example/a%20b");
        assert!(!found[0].message.contains('\n'), "{found:?}");
        for other in [
            r#"{"code":-32042,"message":"m"}"#,
            r#"{"code":-32042,"message":"m","data":{"elicitations":{}}}"#,
            r#"{"code":1,"message":"m","data":{"elicitations":[{"mode":"url","url":"https://a.example"}]}}"#,
        ] {
            assert_eq!(read(other), [], "{other}");
        }
    }
}
