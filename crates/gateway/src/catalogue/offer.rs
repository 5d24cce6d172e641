use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use gatehall_domain::ConnectionId;

use super::{
    aside::aside,
    definition::Room,
    report::{Report, Reporter},
    tool::Tool,
};
use crate::{
    era::Era,
    upstream::{Listing, Upstream, UpstreamError},
};

/// The tools one connection offers now.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) connection: ConnectionId,
    pub(crate) tools: Vec<Tool>,
    /// With what its public names begin.
    prefix: String,
    /// What was left out or mended.
    pub(crate) report: Report,
    by_name: HashMap<Arc<str>, usize>,
    /// Why its list was not read to its end, if it was not.
    pub(crate) cut: Option<&'static str>,
    /// What the server tells models about their use.
    pub(super) instructions: Option<Arc<str>>,
    /// Whether callers hear what the server logs.
    pub(super) logs: bool,
    /// What the server sent, to notice that nothing has changed.
    source: Vec<Bytes>,
    public: Texts,
    /// Under the server's own names, once somebody asked for it.
    bare: OnceLock<Texts>,
}

/// The definitions of an offer as one text, ready to be sent.
#[derive(Debug)]
struct Texts {
    modern: Text,
    /// Only if it differs.
    legacy: Option<Text>,
}

/// Definitions, separated by commas.
#[derive(Debug)]
pub(super) struct Text {
    whole: Bytes,
    places: Vec<Range<usize>>,
}

impl Offer {
    /// Reads what a server offers, beside the runtime.
    ///
    /// # Errors
    /// If that fails, which is no fault of the server's.
    pub(crate) async fn read(
        upstream: &Arc<Upstream>,
        prefix: &str,
        listing: Listing,
    ) -> Result<Arc<Self>, UpstreamError> {
        let (upstream, prefix) = (Arc::clone(upstream), prefix.to_owned());
        let size = listing.tools.iter().map(Bytes::len).sum();
        aside(size, move || Arc::new(Self::new(&upstream, &prefix, listing))).await
    }

    /// What a server offers. Of two tools with one name the first counts.
    fn new(upstream: &Upstream, prefix: &str, listing: Listing) -> Self {
        let Listing { tools: source, facts, cut, .. } = listing;
        let (mut tools, mut report) = (Vec::with_capacity(source.len()), Reporter::default());
        let mut by_name = HashMap::with_capacity(source.len());
        let mut public_names = HashSet::with_capacity(source.len());
        let mut room = Room::default();
        for raw in &source {
            match Tool::read(raw.clone(), prefix, &mut room) {
                Ok((tool, _)) if by_name.contains_key(&tool.name) => {
                    report.leave_out(format!("{}: it is listed twice", tool.public));
                }
                // Long names are shortened, and could be made to come out as one.
                Ok((tool, _)) if !public_names.insert(Arc::clone(&tool.public)) => {
                    report.leave_out(format!("{}: another tool has this public name", tool.public));
                }
                Ok((tool, repairs)) => {
                    report.repair(&tool.public, repairs);
                    by_name.insert(Arc::clone(&tool.name), tools.len());
                    tools.push(tool);
                }
                Err(problem) => report.leave_out(problem),
            }
        }
        let report = report.finish(|text| upstream.quote(text));
        let public = Texts::new(&tools, |tool| &tool.public);
        let (connection, prefix, bare) = (upstream.connection, prefix.to_owned(), OnceLock::new());
        let (instructions, logs) = (facts.instructions, facts.logs && upstream.passes_logs());
        Self {
            connection,
            tools,
            prefix,
            report,
            cut,
            instructions,
            logs,
            by_name,
            source,
            public,
            bare,
        }
    }

    /// What the server has and nobody gets, with reasons.
    pub(crate) fn missing(&self) -> Vec<String> {
        let cut =
            self.cut.map(|why| format!("its list of tools could not be read to the end: {why}"));
        cut.into_iter().chain(self.report.left_out.iter().cloned()).collect()
    }

    /// Whether a name that both offer is this one's: the one whose prefix says more of it, whoever
    /// looks and whichever came first.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        (self.prefix.len(), other.connection) > (other.prefix.len(), self.connection)
    }

    /// The server's own names of tools that are there only before or only now, or are defined
    /// otherwise.
    pub(crate) fn differing(&self, before: &Self) -> Vec<String> {
        if self.source == before.source {
            return Vec::new();
        }
        let other = |tool: &&Tool| before.tool(&tool.name).is_none_or(|old| old.raw != tool.raw);
        let gone = before.tools.iter().filter(|tool| self.tool(&tool.name).is_none());
        self.tools.iter().filter(other).chain(gone).map(|it| it.name.to_string()).collect()
    }

    /// Whether the server still sends the same.
    pub(crate) fn is_made_of(&self, upstream: &Upstream, listing: &Listing) -> bool {
        let facts = &listing.facts;
        self.source == listing.tools
            && self.cut == listing.cut
            && self.instructions == facts.instructions
            && self.logs == (facts.logs && upstream.passes_logs())
    }

    /// The tool of this name of the server's.
    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(*self.by_name.get(name)?)
    }

    pub(super) fn text(&self, era: Era, bare: bool) -> &Text {
        let texts = match bare {
            false => &self.public,
            true => self.bare.get_or_init(|| Texts::new(&self.tools, |tool| &tool.name)),
        };
        match (era, &texts.legacy) {
            (Era::Legacy, Some(legacy)) => legacy,
            _ => &texts.modern,
        }
    }
}

impl Texts {
    fn new(tools: &[Tool], name: impl Fn(&Tool) -> &str) -> Self {
        let legacy = tools.iter().any(|tool| tool.modern_output);
        Self {
            modern: Text::new(tools.iter().map(|tool| tool.definition(name(tool), false))),
            legacy: legacy
                .then(|| Text::new(tools.iter().map(|tool| tool.definition(name(tool), true)))),
        }
    }
}

impl Text {
    fn new(definitions: impl Iterator<Item = String>) -> Self {
        let (mut whole, mut places) = (String::new(), Vec::new());
        for definition in definitions {
            if !whole.is_empty() {
                whole.push(',');
            }
            let start = whole.len();
            whole.push_str(&definition);
            places.push(start..whole.len());
        }
        whole.shrink_to_fit();
        Self { whole: whole.into(), places }
    }

    /// The definitions of a run of tools, which lie side by side, without a copy.
    pub(super) fn run(&self, tools: Range<usize>) -> Bytes {
        let (Some(first), Some(last)) =
            (self.places.get(tools.start), self.places.get(tools.end - 1))
        else {
            return Bytes::new();
        };
        self.whole.slice(first.start..last.end)
    }
}
