/// Lines that a definition may have. A server could think of many more.
const MOST: usize = 40;

/// What was mended in a definition, in words, each once.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Notes something.
    pub(super) fn push(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.0.len() < MOST && !self.0.contains(&what) {
            self.0.push(what);
        }
    }

    /// Takes what was noted elsewhere.
    pub(super) fn append(&mut self, other: Self) {
        other.0.into_iter().for_each(|it| self.push(it));
    }

    /// All of them.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.0
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
