//! `.env`: made of the release's example, or brought up to it.

use std::collections::BTreeMap;

use gatehall_compose_folder::{Dotenv, table::is_needed};

use super::bundle;

/// What is written above variables that a newer release has.
const ADDED: &str =
    concat!("# --- Added by gatehall init compose ", env!("CARGO_PKG_VERSION"), " ---");

/// The example of this release.
///
/// # Errors
/// Never, as a test sees to.
pub(super) fn example() -> Result<Dotenv, String> {
    Dotenv::read(bundle::text(bundle::VARIABLES), &|_| None)
}

/// The text with these values, where there are none yet, and with all variables that the example
/// has.
///
/// # Errors
/// If a value cannot be written.
pub(super) fn filled(
    there: Option<&Dotenv>,
    values: &BTreeMap<&'static str, String>,
) -> Result<String, String> {
    let mut example = example()?;
    for (name, value) in values {
        let text = example.with(name, value).map_err(|problem| format!("{name} {problem}"))?;
        example = Dotenv::read(&text, &|_| None)?;
    }
    let Some(there) = there else { return Ok(example.text().to_owned()) };
    let mut text = there.text().to_owned();
    let is_wanted = |name: &str| values.contains_key(name) || is_needed(name);
    for (name, value) in example.all() {
        if is_wanted(name) && there.get(name).is_some_and(str::is_empty) && !value.is_empty() {
            // Places move with each change, so it is read anew.
            let file = Dotenv::read(&text, &|_| None)?;
            text = file.with(name, value).map_err(|problem| format!("{name} {problem}"))?;
        }
    }
    let is_missing = |name: &&str| {
        let decided = there.is_commented(name) && !is_wanted(name);
        there.get(name).is_none() && !decided
    };
    let missing: Vec<&str> = example.names().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(text);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("\n{ADDED}\n"));
    for name in missing {
        let block = example.block(name).unwrap_or_else(|| format!("{name}="));
        text.push_str(&format!("{block}\n"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<&'static str, String> {
        [
            ("DOMAIN", "company.example"),
            ("ADMIN_EMAIL", "ada@company.example"),
            ("DEFAULT_MODEL", "a b"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    fn read(text: &str) -> Dotenv {
        Dotenv::read(text, &|_| None).unwrap()
    }

    #[test]
    fn a_new_file_is_the_example_with_its_values() {
        let text = filled(None, &values()).unwrap();
        let file = read(&text);
        assert_eq!(file.get("DOMAIN"), Some("company.example"));
        assert_eq!(file.get("DEFAULT_MODEL"), Some("a b"));
        let example = example().unwrap();
        assert!(file.names().eq(example.names()), "every variable, in order");
        assert_eq!(
            text.matches('#').count(),
            example.text().matches('#').count(),
            "with its comment"
        );
        assert_eq!(filled(Some(&file), &values()).unwrap(), text, "a second time nothing is added");
    }

    #[test]
    fn what_is_there_stays_and_what_is_missing_is_added_with_its_comment() {
        let own = "# mine\nDOMAIN='other.example' # ours\nADMIN_EMAIL=\n#DEFAULT_MODEL=x\nMINE=1";
        let without: BTreeMap<_, _> =
            values().into_iter().filter(|(name, _)| *name != "DEFAULT_MODEL").collect();
        let text = filled(Some(&read(own)), &without).unwrap();
        let begin = "# mine\nDOMAIN='other.example' # ours\nADMIN_EMAIL=ada@company.example\n\
                     #DEFAULT_MODEL=x\nMINE=1\n";
        assert!(text.starts_with(begin), "{text}");
        let file = read(&text);
        assert!(file.get("DEFAULT_MODEL").is_none(), "somebody decided about it");
        assert_eq!(file.get("TRAEFIK_IMAGE"), example().unwrap().get("TRAEFIK_IMAGE"));
        assert!(text.contains("# Where the authority writes") && file.twice().is_none());
        assert_eq!(filled(Some(&file), &without).unwrap(), text);
        // What nothing works without is not left out, nor empty.
        let image = example().unwrap().get("POSTGRES_IMAGE").unwrap().to_owned();
        for out in ["POSTGRES_IMAGE=", "#POSTGRES_IMAGE=x"] {
            let text = filled(Some(&read(out)), &without).unwrap();
            assert_eq!(read(&text).get("POSTGRES_IMAGE"), Some(image.as_str()), "{out}");
        }
        let wanted = filled(Some(&read(own)), &values()).unwrap();
        assert_eq!(read(&wanted).get("DEFAULT_MODEL"), Some("a b"));
    }
}
