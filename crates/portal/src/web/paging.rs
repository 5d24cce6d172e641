//! Long lists, a page at a time.

use serde::Serialize;
use url::form_urlencoded;

use super::frame::Frame;

/// Rows on a page.
const ROWS: usize = 50;

/// One page of a list, described as `PageOfUserRow` and the like.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    /// The rows of this page.
    pub(crate) rows: Vec<T>,
    /// Which rows these are, and how many there are.
    pub(crate) pages: Pages,
}

/// Where a page is in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(crate) struct Pages {
    /// The page, from 1.
    pub(crate) page: usize,
    /// The last page.
    pub(crate) last: usize,
    /// Rows in all.
    pub(crate) total: usize,
    /// The first row of this page, from 1; 0 if there is none.
    pub(crate) first: usize,
    /// The last row of this page.
    pub(crate) to: usize,
}

impl Pages {
    /// The page of this number, or the nearest there is.
    pub(crate) fn new(total: usize, page: Option<usize>, rows: usize) -> Self {
        let last = total.div_ceil(rows).max(1);
        let page = page.unwrap_or(1).clamp(1, last);
        let first = (page - 1) * rows;
        let to = total.min(first + rows);
        Self { page, last, total, first: if total == 0 { 0 } else { first + 1 }, to }
    }

    /// The address of the page before this one.
    pub(crate) fn previous(&self, frame: &Frame) -> Option<String> {
        (self.page > 1).then(|| href(&frame.here(), self.page - 1))
    }

    /// The address of the page after this one.
    pub(crate) fn next(&self, frame: &Frame) -> Option<String> {
        (self.page < self.last).then(|| href(&frame.here(), self.page + 1))
    }
}

/// The address of another page of the same list.
fn href(here: &str, page: usize) -> String {
    let (path, query) = here.split_once('?').unwrap_or((here, ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "page");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair("page", &page.to_string());
    format!("{path}?{}", query.finish())
}

impl<T> Page<T> {
    /// One page of rows that are at hand.
    pub(crate) fn take(rows: Vec<T>, page: Option<usize>) -> Self {
        let pages = Pages::new(rows.len(), page, ROWS);
        let first = pages.first.saturating_sub(1);
        let rows = rows.into_iter().skip(first).take(pages.to - first).collect();
        Self { rows, pages }
    }

    /// Shows one page of what was found; `show` is asked for the rows of this page alone.
    pub(crate) fn of<R>(found: &[R], page: Option<usize>, show: impl FnMut(&R) -> T) -> Self {
        let pages = Pages::new(found.len(), page, ROWS);
        let rows = found[pages.first.saturating_sub(1)..pages.to].iter().map(show).collect();
        Self { rows, pages }
    }
}
