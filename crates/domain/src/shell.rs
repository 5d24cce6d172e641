//! Values in commands that somebody may paste into a shell.

use std::borrow::Cow;

/// One word of a POSIX shell that means exactly this value. Every command that a message suggests
/// has its values from here: addresses and names come from outside, and `$(…)` would run.
pub fn quoted(value: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    match !value.is_empty() && value.bytes().all(plain) {
        true => Cow::Borrowed(value),
        false => Cow::Owned(format!("'{}'", value.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::quoted;

    #[test]
    fn a_shell_reads_what_was_quoted() {
        let all: String = (1..=0x17f).filter_map(char::from_u32).collect();
        for value in [
            "",
            "alice@google.example",
            "open-webui=u1",
            "$(/tmp/x)@evil.example",
            "`id`@evil.example",
            "a'; id; '",
            "'",
            "''",
            "\\",
            "~root",
            "* ?",
            "a b\tc\nd\n",
            "!!",
            "# x",
            "\u{2019}\u{202e}",
            &all,
        ] {
            let script = format!("printf '%s.' {} end", quoted(value));
            let done = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(
                String::from_utf8(done.stdout).unwrap(),
                format!("{value}.end."),
                "{script}"
            );
        }
        assert_eq!(quoted("open-webui=u1"), "open-webui=u1");
        assert_eq!(quoted("$(x)@evil.example"), "'$(x)@evil.example'");
    }
}
