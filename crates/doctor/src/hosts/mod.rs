//! The public hosts: what was seen of each, and what is to be said of it.

mod certificates;
mod doors;
mod names;
mod others;
mod plain;
mod secure;
mod seen;
mod spellings;

use gatehall_domain::Finding;

pub(crate) use self::{
    doors::doors,
    others::others,
    plain::software,
    seen::{KEYS, Seen, see},
    spellings::spellings,
};
use crate::{deployment::Deployment, senses::Senses};

/// All that is to be said of what was seen.
pub(crate) fn judge(seen: &[Seen], deployment: &Deployment, senses: &Senses) -> Vec<Finding> {
    let mut report = Vec::new();
    names::judge(seen, deployment, senses, &mut report);
    for host in seen.iter().filter(|it| it.is_there()) {
        secure::judge(host, deployment, &mut report);
        plain::judge(host, deployment, &mut report);
        certificates::judge(host, senses, &mut report);
    }
    report
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "servers of a test end with its runtime")]
mod tests;
