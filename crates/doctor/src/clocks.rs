//! Whether the clocks agree. Tokens count from one moment to another, so that clocks which are
//! apart make them too early or too late.

use gatehall_domain::{Finding, Timestamp};
use http::header;

use crate::{ask::Answer, deployment::Side};

/// Clocks that are further apart make tokens fail, in seconds.
const APART: i64 = 30;

/// What somebody's clock says.
#[derive(Debug, Clone)]
pub(crate) struct Tick {
    pub(crate) who: String,
    /// Whether it is a program of the deployment.
    pub(crate) ours: bool,
    /// How far it is ahead of this machine's, in seconds.
    pub(crate) ahead: i64,
}

impl Tick {
    /// Of an answer that says its date.
    pub(crate) fn of(who: &str, ours: bool, answer: &Answer) -> Option<Self> {
        let there = Timestamp::from_http_date(answer.header(header::DATE)?)?;
        let ahead = there.seconds() - answer.at.seconds();
        Some(Self { who: who.to_owned(), ours, ahead })
    }
}

/// What is to be said of them.
pub(crate) fn judge(ticks: &[Tick], side: Side) -> Vec<Finding> {
    const NAME: &str = "clocks";
    let mut report = Vec::new();
    if ticks.is_empty() {
        report.push(Finding::unknown(
            NAME,
            "nobody said the time, so that the clocks cannot be compared",
            "look at the other findings first: no host answers",
        ));
        return report;
    }
    let ntp = "synchronise it (timedatectl set-ntp true)";
    let is_apart = |it: &&Tick| it.ahead.abs() > APART;
    let said = |it: &Tick| {
        let how = if it.ahead > 0 { "ahead of" } else { "behind" };
        format!("the clock of {} is {} s {how} this machine's", it.who, it.ahead.abs())
    };
    let (ours, theirs): (Vec<&Tick>, Vec<&Tick>) = ticks.iter().partition(|it| it.ours);
    // Seen from elsewhere this machine's clock is nobody's; what counts is that the others agree.
    for ours in &ours {
        let off = theirs.iter().find(|it| (it.ahead - ours.ahead).abs() > APART);
        if let Some(off) = off {
            let seconds = ours.ahead - off.ahead;
            let how = if seconds > 0 { "ahead of" } else { "behind" };
            report.push(Finding::bad(
                NAME,
                format!(
                    "the clock of {} is {} s {how} that of {}, so that tokens are refused and \
                     sign-ins fail",
                    ours.who,
                    seconds.abs(),
                    off.who
                ),
                format!("whose clock is wrong is told by any other; on the server {ntp}"),
            ));
            return report;
        }
    }
    let apart: Vec<&Tick> = ticks.iter().filter(is_apart).collect();
    let Some(first) = apart.first() else {
        let who: Vec<&str> = ticks.iter().map(|it| it.who.as_str()).collect();
        report.push(Finding::good(NAME, format!("this machine's agrees with {}", who.join(", "))));
        return report;
    };
    match side {
        Side::Elsewhere if theirs.is_empty() => report.push(Finding::doubtful(
            NAME,
            format!("{}, and whose is wrong cannot be seen from here", said(first)),
            format!("on whichever is wrong {ntp}"),
        )),
        Side::Elsewhere => report.push(Finding::doubtful(
            NAME,
            format!("{}, and all others agree: it is this machine's that is wrong", said(first)),
            format!("on this machine {ntp}; certificates cannot be judged before"),
        )),
        Side::Here => report.push(Finding::bad(
            NAME,
            format!("{}, so that tokens are refused and sign-ins fail", said(first)),
            format!("on this machine {ntp}"),
        )),
    }
    report
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Health;

    use super::*;

    #[test]
    fn two_minutes_are_too_much_and_it_is_said_whose_they_are() {
        let tick = |who: &str, ours, ahead| Tick { who: who.into(), ours, ahead };
        let state = |ticks: &[Tick], side| {
            let found = judge(ticks, side).remove(0);
            (found.state, found.found)
        };
        let gate = |ahead| tick("admin.x.example", true, ahead);
        let provider = |ahead| tick("login.example", false, ahead);
        assert_eq!(state(&[gate(2), provider(-3)], Side::Here).0, Health::Good);
        assert_eq!(state(&[gate(0), provider(29)], Side::Here).0, Health::Good);
        let (health, said) = state(&[gate(0), provider(120)], Side::Here);
        assert_eq!(health, Health::Bad);
        assert!(said.contains("120 s behind that of login.example"), "{said}");
        let (health, said) = state(&[gate(120), provider(0)], Side::Elsewhere);
        assert_eq!(health, Health::Bad);
        assert!(said.contains("admin.x.example is 120 s ahead of that of login"), "{said}");
        // A laptop that is wrong itself does no harm to the deployment.
        let (health, said) = state(&[gate(120), provider(121)], Side::Elsewhere);
        assert_eq!(health, Health::Doubtful);
        assert!(said.contains("this machine's that is wrong"), "{said}");
        let (health, said) = state(&[gate(-120)], Side::Elsewhere);
        assert_eq!(health, Health::Doubtful);
        assert!(said.contains("cannot be seen"), "{said}");
        assert_eq!(state(&[gate(-120)], Side::Here).0, Health::Bad);
        assert_eq!(state(&[], Side::Here).0, Health::Unknown);
    }
}
