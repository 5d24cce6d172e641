use bytes::Bytes;
use gatehall_domain::{Decision, Reach};

use super::{Catalogue, Greeting, offer::Text};
use crate::era::Era;

/// More runs than this on one page are copied together: many small pieces cost more to send than
/// a copy.
const MOST_RUNS: usize = 48;

/// What one view sees of the catalogue, page by page, ready to be sent.
#[derive(Debug)]
pub(crate) struct ToolList {
    pub(crate) pages: Vec<Page>,
    /// What the servers say of themselves that have a tool in it.
    pub(crate) greeting: Greeting,
}

/// Definitions, already separated by commas where several stand in one part; between the parts
/// commas are still missing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) parts: Vec<Bytes>,
    tools: usize,
    /// The bytes it does not share with the offers.
    own_bytes: usize,
}

impl ToolList {
    /// How many bytes it holds beside those it shares with the offers.
    pub(crate) fn own_bytes(&self) -> usize {
        let pages = self.pages.iter().map(|page| page.own_bytes + size_of::<Page>());
        pages.sum::<usize>() + self.greeting.instructions.len()
    }

    /// Asks for every tool of every connection in reach whether it may be called, and puts the
    /// definitions of those that may on pages.
    pub(crate) fn new(
        catalogue: &Catalogue,
        reach: &Reach<'_>,
        era: Era,
        bare: bool,
        page_tools: usize,
    ) -> Self {
        let mut list = Self { pages: vec![Page::default()], greeting: Greeting::default() };
        for site in reach.connections() {
            let Some(offer) = catalogue.offer(site.connection.id) else { continue };
            let text = offer.text(era, bare);
            let (mut run, mut any) = (0..0, false);
            for (at, tool) in offer.tools.iter().enumerate() {
                let allowed =
                    matches!(reach.decide(offer.connection, &tool.name), Decision::Allowed(_));
                let listed = allowed && (bare || catalogue.owns(&tool.public, offer.connection));
                any |= listed;
                match listed {
                    true if run.start == run.end => run = at..at + 1,
                    true => run.end = at + 1,
                    false => list.push(text, &mut run, page_tools),
                }
            }
            list.push(text, &mut run, page_tools);
            if any {
                list.greeting.add(site, offer, bare);
            }
        }
        list.greeting.settle();
        for page in &mut list.pages {
            page.settle();
        }
        list
    }

    /// Puts a run of tools on the last page, and on new ones when that is full.
    fn push(&mut self, text: &Text, run: &mut std::ops::Range<usize>, page_tools: usize) {
        while run.start < run.end {
            let Some(page) = self.pages.last_mut() else { return };
            let room = page_tools.saturating_sub(page.tools);
            if room == 0 {
                self.pages.push(Page::default());
                continue;
            }
            let end = run.end.min(run.start + room);
            page.tools += end - run.start;
            page.parts.push(text.run(run.start..end));
            run.start = end;
        }
        *run = 0..0;
    }
}

impl Page {
    fn settle(&mut self) {
        if self.parts.len() > MOST_RUNS {
            self.parts = vec![self.parts.join(&b","[..]).into()];
            self.own_bytes = self.parts[0].len();
        }
        self.own_bytes += self.parts.len() * size_of::<Bytes>();
    }
}
