//! What clients hear of the servers behind an endpoint before they list any tools.

use gatehall_domain::snapshot::Site;

use super::Offer;

/// How many characters of one server's instructions are passed on where several servers are.
const MOST_OF_ONE: usize = 1000;
/// The same for all of them.
const MOST: usize = 8000;

/// What servers say of themselves, as far as a caller has tools of theirs.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    /// What the servers tell models about the use of their tools; empty if nothing.
    pub(crate) instructions: String,
    /// Whether there are log messages to be had.
    pub(crate) logs: bool,
    /// How many characters it has.
    length: usize,
    /// How many servers have instructions for which there was no room.
    left_out: usize,
}

impl Greeting {
    /// Adds a server. At its own endpoint, where its tools are `bare`, it speaks alone and as it
    /// does; elsewhere it is named, and its lines are set off so that it cannot speak as another.
    pub(super) fn add(&mut self, site: &Site, offer: &Offer, bare: bool) {
        self.logs |= offer.logs;
        let Some(text) = &offer.instructions else { return };
        if bare {
            self.instructions = text.as_ref().to_owned();
            return;
        }
        let (path, prefix) = (&site.connection.path, &site.prefix);
        let text = cut(text, MOST_OF_ONE);
        let lines: Vec<&str> = text.lines().collect();
        let said = format!(
            "{path}, whose tools have names that begin with {prefix}, says:\n  {}\n",
            lines.join("\n  ")
        );
        let length = said.chars().count();
        if self.length + length > MOST {
            self.left_out += 1;
            return;
        }
        self.length += length;
        self.instructions.push_str(&said);
    }

    /// Says what is missing.
    pub(super) fn settle(&mut self) {
        if self.left_out > 0 {
            let more = format!(
                "{} more of these servers have instructions that are left out here.\n",
                self.left_out
            );
            self.instructions.push_str(&more);
        }
    }
}

/// The beginning of a text of several lines.
fn cut(text: &str, longest: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(longest) else { return text.to_owned() };
    format!("{}\u{2026}", &text[..end])
}
