//! `.env`: which file it is, and what it says.

use std::{fs, io::ErrorKind, path::Path};

use gatehall_domain::file_text;

use crate::{Dotenv, outside};

/// Its name in the folder.
pub const NAME: &str = ".env";

/// Not secret, and read by whoever runs the engine.
pub const MODE: u32 = 0o644;

/// The variable that names the parts of the deployment that only some have.
pub const PROFILES: &str = "COMPOSE_PROFILES";

/// The part that is Authentik.
pub const AUTHENTIK: &str = "authentik";

/// The part that is tool servers to try.
pub(crate) const EXAMPLES: &str = "mcp-examples";

/// Reads that of a folder, if it has one.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn read(folder: &Path) -> Result<Option<Dotenv>, String> {
    let bytes = match fs::read(folder.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{NAME} cannot be read: {error}")),
        Ok(bytes) => bytes,
    };
    let is_plain = file_text(&bytes).is_some() && !bytes.contains(&0);
    let text = String::from_utf8(bytes).ok().filter(|_| is_plain);
    let text = text.ok_or_else(|| format!("{NAME} is no text: save it as UTF-8"))?;
    let file = Dotenv::read(&text, &outside).map_err(|problem| format!("{NAME}, {problem}"))?;
    Ok(Some(file))
}

/// What is wrong with a file that has a variable more than once.
pub fn twice(file: &Dotenv) -> Option<String> {
    let (variable, first, second) = file.twice()?;
    Some(format!("{NAME} has {variable} twice, in the lines {first} and {second}: remove one"))
}

/// Whether the deployment has Authentik of its own: what runs is up to Compose's profiles alone.
pub fn has_authentik(file: &Dotenv) -> bool {
    file.get(PROFILES).is_some_and(|list| list.split(',').any(|it| it.trim() == AUTHENTIK))
}

/// The text with another value of one variable that is there.
///
/// # Errors
/// If the text cannot be read, or the value not be written.
pub fn changed(text: &str, name: &str, value: &str) -> Result<String, String> {
    Dotenv::read(text, &outside)?.with(name, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_alone_say_whether_authentik_runs() {
        for (text, has) in [
            ("COMPOSE_PROFILES=authentik", true),
            ("COMPOSE_PROFILES: mcp-examples, authentik", true),
            ("COMPOSE_PROFILES=authentik-not\nPROVIDER_PROFILE=authentik", false),
            ("PROVIDER_PROFILE=authentik", false),
            ("", false),
        ] {
            assert_eq!(has_authentik(&Dotenv::read(text, &|_| None).unwrap()), has, "{text}");
        }
    }

    #[test]
    fn a_file_is_there_and_text_or_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_none());
        let with = |bytes: &[u8]| {
            fs::write(folder.path().join(NAME), bytes).unwrap();
            read(folder.path())
        };
        let file = with(b"\xef\xbb\xbfDOMAIN: x.example\nA=1\nA=2\n").unwrap().unwrap();
        assert_eq!(file.get("DOMAIN"), Some("x.example"));
        assert!(twice(&file).unwrap().contains("A twice, in the lines 2 and 3"));
        for bad in [&b"D\0O\0M\0"[..], b"A=\xff", b"A='open"] {
            assert!(with(bad).unwrap_err().starts_with(NAME), "{bad:?}");
        }
    }
}
