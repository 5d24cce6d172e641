use std::time::Duration;

use bytes::Bytes;
use foldhash::HashSet;
use tokio::time::Instant;

use super::{
    Facts, Upstream, UpstreamError,
    item_kind::ItemKind,
    page::{Next, Page},
};

/// How many tools one upstream may offer.
const MOST_TOOLS: usize = 20_000;
/// How many bytes its definitions may have, and on how many pages they may come.
const MOST_BYTES: usize = 64 << 20;
const MOST_PAGES: usize = 1000;
/// How many pages in a row may bring nothing new.
const MOST_IDLE_PAGES: usize = 10;
/// How long the whole list may take. After that no further page is asked for.
const LIST_TIME: Duration = Duration::from_secs(120);

/// All tools of an upstream.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The definitions as raw JSON objects.
    pub(crate) tools: Vec<Bytes>,
    /// What the upstream said of itself.
    pub(crate) facts: Facts,
    /// How long the upstream says the list stays true.
    pub(crate) stays: Option<Duration>,
    /// Why the list was not read to its end, if it was not.
    pub(crate) cut: Option<&'static str>,
}

/// A list as far as it has been read.
#[derive(Debug, Default)]
struct Reading {
    tools: Vec<Bytes>,
    /// The same, to know again what comes twice.
    known: HashSet<Bytes>,
    bytes: usize,
    stays: Option<Duration>,
    /// The cursors that were asked for.
    cursors: HashSet<String>,
    pages: usize,
    idle_pages: usize,
}

impl Upstream {
    /// Asks for all pages of the list of tools.
    ///
    /// # Errors
    /// If the upstream cannot be asked or answers something else. If a list has no end, what was
    /// read of it counts.
    pub(crate) async fn list(&self) -> Result<Listing, UpstreamError> {
        let listed = match self.list_once().await {
            // A list may safely be asked for twice.
            Err(UpstreamError::SessionLost) => self.list_once().await,
            Err(error @ UpstreamError::Handshake(_)) => {
                // Perhaps it is of another era than it was. Whatever else it says, others work in
                // the session, which was held against it already.
                self.link.forget();
                Err(error)
            }
            other => other,
        };
        self.report(listed.as_ref().err());
        listed
    }

    async fn list_once(&self) -> Result<Listing, UpstreamError> {
        let facts = |listing: Listing| Listing {
            facts: self.credentials.secrets().facts(listing.facts),
            ..listing
        };
        self.told(self.pages().await).map(facts)
    }

    async fn pages(&self) -> Result<Listing, UpstreamError> {
        let (mut reading, mut cursor) = (Reading::default(), None::<String>);
        let mut before = None::<Facts>;
        let end = Instant::now() + LIST_TIME;
        loop {
            let page = self.link.list(ItemKind::Tool, cursor.as_deref()).await;
            let (page, facts) = match (page, before.take()) {
                (Ok(page), _) => page,
                (
                    Err(
                        UpstreamError::Junk(_)
                        | UpstreamError::Status { .. }
                        | UpstreamError::Refused { .. },
                    ),
                    Some(facts),
                ) => return Ok(reading.end(facts, Some("a later page of it cannot be had"))),
                (Err(error), _) => return Err(error),
            };
            before = Some(facts.clone());
            match reading.take(page) {
                Step::Cursor(_) if Instant::now() > end => {
                    return Ok(reading.end(facts, Some("it takes more than 120 seconds")));
                }
                Step::Cursor(next) => cursor = Some(next),
                Step::End => return Ok(reading.end(facts, None)),
                Step::Cut(why) => return Ok(reading.end(facts, Some(why))),
            }
        }
    }
}

/// What is done after a page.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    End,
    /// The page of this cursor is asked for.
    Cursor(String),
    /// The list is left where it is, since it would not end.
    Cut(&'static str),
}

impl Reading {
    /// Takes a page, and says whether there is a next one to ask for. A list that leads back to
    /// where it was, or on for ever, ends here: its server would be asked all the time.
    fn take(&mut self, page: Page) -> Step {
        let before = self.tools.len();
        // What stands twice on one page is another matter than a page that comes again.
        for tool in page.tools.into_iter().filter(|tool| !self.known.contains(tool)) {
            self.bytes += tool.len();
            if self.tools.len() == MOST_TOOLS {
                return Step::Cut("it has more than 20,000 tools");
            }
            if self.bytes > MOST_BYTES {
                return Step::Cut("its definitions have more than 64 MiB");
            }
            self.tools.push(tool);
        }
        self.known.extend(self.tools[before..].iter().cloned());
        self.stays = [self.stays, page.stays].into_iter().flatten().min();
        self.pages += 1;
        self.idle_pages = if self.tools.len() > before { 0 } else { self.idle_pages + 1 };
        match page.next {
            Next::End => Step::End,
            Next::Odd(why) => Step::Cut(why),
            Next::Cursor(cursor) if self.cursors.contains(&cursor) => {
                Step::Cut("its cursor for the next page leads back to an earlier one")
            }
            Next::Cursor(_) if self.idle_pages == MOST_IDLE_PAGES => {
                Step::Cut("ten pages in a row bring nothing new")
            }
            Next::Cursor(_) if self.pages == MOST_PAGES => {
                Step::Cut("it has more than 1,000 pages")
            }
            Next::Cursor(cursor) => {
                self.cursors.insert(cursor.clone());
                Step::Cursor(cursor)
            }
        }
    }

    fn end(self, facts: Facts, cut: Option<&'static str>) -> Listing {
        Listing { tools: self.tools, facts, stays: self.stays, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tools: &[&str], cursor: Option<String>) -> Page {
        let tools = tools.iter().map(|tool| Bytes::copy_from_slice(tool.as_bytes())).collect();
        Page { tools, next: cursor.map_or(Next::End, Next::Cursor), stays: None }
    }

    /// Reads pages until it is enough; how many those were, how many tools they had, and why.
    fn read(pages: impl Fn(usize) -> Page) -> (usize, usize, Option<&'static str>) {
        let mut reading = Reading::default();
        for number in 0.. {
            match reading.take(pages(number)) {
                Step::Cursor(_) => {}
                Step::End => return (number + 1, reading.tools.len(), None),
                Step::Cut(why) => return (number + 1, reading.tools.len(), Some(why)),
            }
        }
        unreachable!()
    }

    #[test]
    fn a_list_that_does_not_end_is_left_and_what_was_read_is_kept() {
        let back = Some("its cursor for the next page leads back to an earlier one");
        assert_eq!(read(|_| page(&["a"], Some("same".into()))), (2, 1, back));
        let two = |at: usize| ["A", "B"][at % 2].to_owned();
        let cycle = read(|at| page(&[&format!("t{at}")], Some(two(at))));
        assert_eq!(cycle, (3, 3, back));
        let (pages, tools, cut) = read(|at| page(&[], Some(at.to_string())));
        assert_eq!((pages, tools), (10, 0));
        assert!(cut.is_some_and(|why| why.contains("nothing new")), "{cut:?}");
        let (pages, tools, cut) = read(|at| page(&["a", "b"], Some(at.to_string())));
        assert_eq!((pages, tools, cut.is_some()), (11, 2, true));
        let (pages, tools, cut) = read(|at| page(&[&at.to_string()], Some(at.to_string())));
        assert_eq!((pages, tools), (MOST_PAGES, MOST_PAGES));
        assert!(cut.is_some_and(|why| why.contains("1,000 pages")), "{cut:?}");
        let many: Vec<String> = (0..MOST_TOOLS + 1).map(|at| at.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let (pages, tools, cut) = read(|_| page(&many, None));
        assert_eq!((pages, tools, cut), (1, MOST_TOOLS, Some("it has more than 20,000 tools")));
    }

    #[test]
    fn a_list_with_some_empty_pages_is_read_to_its_end() {
        let some = |at: usize| match at {
            0..9 => page(&[], Some(at.to_string())),
            9 => page(&["a", "a"], Some("more".into())),
            _ => page(&["b"], None),
        };
        // A definition that stands twice on a page is named as such later on.
        assert_eq!(read(some), (11, 3, None));
    }
}
