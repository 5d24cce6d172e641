//! What the user of a browser chose, kept in cookies of that browser.

use http::{HeaderMap, header::COOKIE};

/// Something that is chosen; the first value counts where nothing was chosen.
pub(crate) struct Preference {
    cookie: &'static str,
    pub(crate) values: &'static [&'static str],
}

/// Light and dark; `auto` is what the browser wants.
pub(crate) const SCHEME: Preference =
    Preference { cookie: "gatehall_scheme", values: &["auto", "light", "dark"] };

/// Whether letters alone are shortcuts (WCAG 2.2, 2.1.4).
pub(crate) const LETTERS: Preference =
    Preference { cookie: "gatehall_letters", values: &["on", "off"] };

impl Preference {
    /// What was chosen in the browser that sends these headers.
    pub(crate) fn of(&self, headers: &HeaderMap) -> &'static str {
        // Others may have set cookies of any bytes.
        let lines = headers.get_all(COOKIE).iter().map(|line| line.as_bytes());
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        let mut pairs = pairs.filter_map(|it| str::from_utf8(it).ok()?.trim().split_once('='));
        let said = pairs.find(|(name, _)| *name == self.cookie).map(|(_, value)| value);
        let chosen = self.values.iter().find(|it| Some(**it) == said);
        chosen.copied().unwrap_or(self.values[0])
    }

    /// The cookie that keeps a value for a year; none if there is no such value.
    pub(crate) fn cookie(&self, value: &str) -> Option<String> {
        self.values.contains(&value).then(|| {
            let name = self.cookie;
            format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly")
        })
    }
}
