//! What is wrong with JSON that may hold secrets.

use serde_json::{Error, error::Category};

/// What is wrong, and where, without what stands there: the error's own text quotes values.
pub fn json_problem(error: &Error) -> String {
    let kind = match error.classify() {
        Category::Io => "cannot be read",
        Category::Syntax => "is no JSON",
        Category::Data => "is JSON that does not fit",
        Category::Eof => "is JSON that ends too early",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_quoted() {
        let problem = |text| json_problem(&serde_json::from_str::<Vec<u64>>(text).unwrap_err());
        assert_eq!(problem(r#"["ghk_1"]"#), "is JSON that does not fit (line 1, column 8)");
        assert_eq!(problem("[ghk_1]"), "is no JSON (line 1, column 2)");
        assert_eq!(problem("[1,"), "is JSON that ends too early (line 1, column 3)");
    }
}
