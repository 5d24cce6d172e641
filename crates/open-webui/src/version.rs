use std::{fmt, str::FromStr};

/// A version of Open WebUI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

/// The first that signs who asks.
const FIRST: Version = Version(0, 9, 6);

/// The first of the line that was tried.
const TRIED: Version = Version(0, 12, 0);

/// The first that was not tried.
const BEYOND: Version = Version(0, 13, 0);

/// What is known of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It was tried, or is of the same line.
    Yes,
    /// It lacks what Gatehall needs.
    TooOld,
    /// It has what Gatehall needs, and was not tried.
    Older,
    /// It is newer than what was tried.
    Newer,
}

impl Version {
    /// What is known of it.
    pub fn known(self) -> Known {
        match self {
            it if it < FIRST => Known::TooOld,
            it if it < TRIED => Known::Older,
            it if it >= BEYOND => Known::Newer,
            _ => Known::Yes,
        }
    }
}

impl FromStr for Version {
    type Err = ();

    /// What stands behind the three numbers tells builds apart.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().trim_start_matches('v');
        let mut parts = text.split(['.', '-', '+']).map(|it| it.parse().map_err(drop));
        let mut next = || parts.next().unwrap_or(Err(()));
        Ok(Self(next()?, next()?, next().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_known_by_their_line() {
        let known = |text: &str| text.parse::<Version>().map(Version::known);
        assert_eq!(known("0.12.4"), Ok(Known::Yes));
        assert_eq!(known("v0.12.0-dev"), Ok(Known::Yes));
        assert_eq!(known("0.11.9"), Ok(Known::Older));
        assert_eq!(known("0.9.5"), Ok(Known::TooOld));
        assert_eq!(known("0.6.43"), Ok(Known::TooOld));
        assert_eq!(known("0.13"), Ok(Known::Newer));
        assert_eq!(known("1.0.0"), Ok(Known::Newer));
        assert_eq!(known("latest"), Err(()));
    }
}
