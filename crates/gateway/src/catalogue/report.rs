use std::sync::Arc;

/// Lines of each kind that are kept. A server could fill the log with more.
const MOST: usize = 100;
/// Tools that a line names.
const NAMED: usize = 3;

/// What was left out of a server's definitions, and what was mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Tools that were left out, and why.
    pub(crate) left_out: Vec<String>,
    /// What was mended, each with the tools that had it.
    pub(crate) mended: Vec<String>,
}

/// Gathers a report.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    left_out: Vec<String>,
    more_left_out: usize,
    mended: Vec<(String, Vec<Arc<str>>, usize)>,
    more_mended: usize,
}

impl Reporter {
    pub(super) fn leave_out(&mut self, problem: String) {
        match self.left_out.len() < MOST {
            true => self.left_out.push(problem),
            false => self.more_left_out += 1,
        }
    }

    pub(super) fn repair(&mut self, tool: &Arc<str>, repairs: Vec<String>) {
        for what in repairs {
            if let Some((_, tools, count)) = self.mended.iter_mut().find(|(it, ..)| *it == what) {
                *count += 1;
                if tools.len() < NAMED {
                    tools.push(Arc::clone(tool));
                }
            } else if self.mended.len() < MOST {
                self.mended.push((what, vec![Arc::clone(tool)], 1));
            } else {
                self.more_mended += 1;
            }
        }
    }

    /// The report, in texts that were made fit to be shown.
    pub(super) fn finish(self, quote: impl Fn(&str) -> String) -> Report {
        let more = |count: usize, what: &str| (count > 0).then(|| format!("{count} more {what}"));
        let left_out = self.left_out.iter().map(|it| quote(it));
        let mended = self.mended.iter().map(|(what, tools, count)| {
            let more = count - tools.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            quote(&format!("{}{more}: {what}", tools.join(", ")))
        });
        Report {
            left_out: left_out.chain(more(self.more_left_out, "tools")).collect(),
            mended: mended.chain(more(self.more_mended, "repairs")).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_that_had_the_same_stand_on_one_line_and_lines_have_an_end() {
        let mut reporter = Reporter::default();
        for number in 0..150 {
            reporter.leave_out(format!("t{number}: broken"));
            let tool = Arc::from(format!("t{number}"));
            reporter.repair(&tool, vec!["its title is null".into(), format!("repair {number}")]);
        }
        let report = reporter.finish(str::to_owned);
        assert_eq!((report.left_out.len(), report.mended.len()), (101, 101));
        assert_eq!(report.left_out[100], "50 more tools");
        assert_eq!(report.mended[0], "t0, t1, t2 and 147 more: its title is null");
        assert_eq!(report.mended[1], "t0: repair 0");
        assert_eq!(report.mended[100], "51 more repairs");
    }
}
