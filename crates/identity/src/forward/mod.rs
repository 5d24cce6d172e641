//! ForwardAuth: a proxy asks for each request whether it may pass, and who sends it.

mod assertion;
mod dialect;
mod forwarded_user;
mod headers;
mod reading;
mod routes;
mod rules;
mod script;
mod target;

use std::sync::Arc;

use gatehall_domain::{Attempt, Door, Snapshot, Timestamp, UserId};
use http::request::Parts;

pub(crate) use assertion::Assertions;
pub(crate) use dialect::Dialect;
pub(crate) use headers::Person;
pub use routes::is_navigation;
pub(crate) use routes::routes;
pub(crate) use target::{Problem, Target};

use crate::{
    Rejection,
    doors::{Doors, Entered},
    peer::Proxies,
};

/// What a proxy is told.
pub(crate) enum Verdict {
    /// It may pass. Nobody, where everybody may.
    Pass(Option<Person>),
    /// Somebody has to prove who they are first.
    Prove(Rejection),
    /// Whoever it is may not.
    Forbidden,
    /// Whoever asks is no proxy of ours.
    NotAProxy,
    /// The question is not whole, so that nobody could say what is asked for.
    Unclear(Problem),
}

/// A question, understood.
pub(crate) struct Question<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) head: &'a Parts,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) now: Timestamp,
}

impl Doors {
    /// Decides about a request that a proxy asks for.
    pub(crate) async fn judge(&self, question: &Question<'_>) -> (Verdict, Option<Target>) {
        let Question { dialect, head, snapshot, now } = question;
        let peer = Proxies::peer(&head.extensions);
        let trusted = match dialect {
            Dialect::ForwardedUser => {
                self.settings.forwarded_user.as_ref().is_some_and(|it| it.trusts(peer))
            }
            _ => peer.is_some_and(|peer| self.proxies.trusts(peer)),
        };
        if !trusted {
            self.note_head(head, Attempt::Enter, dialect.as_str(), "check.proxy");
            return (Verdict::NotAProxy, None);
        }
        let target = match Target::read(*dialect, head) {
            Ok(target) => target,
            Err(problem) => {
                self.note_head(head, Attempt::Enter, dialect.as_str(), "check.form");
                return (Verdict::Unclear(problem), None);
            }
        };
        let proven = match dialect {
            Dialect::ForwardedUser => self.forwarded_user(head, snapshot, *now).await,
            _ => self.person(head, snapshot, *now).await,
        };
        let rules = rules::needed(snapshot, &target.host, &target.path);
        let open = !rules.is_empty() && rules.iter().all(|rule| rule.is_open());
        let user = match proven {
            Ok(user) => user,
            // Where everybody may pass, a proof of something else is no harm.
            Err(_) if open => return (Verdict::Pass(None), Some(target)),
            Err(rejection) => {
                let rejection = self.refuse(question, &target, rejection);
                return (Verdict::Prove(rejection), Some(target));
            }
        };
        // The door may have added the user, or given them groups.
        let snapshot = &self.snapshots.snapshot();
        let admitted = !rules.is_empty() && rules.iter().all(|rule| snapshot.admits(rule, user));
        let Some(person) = Person::of(user, snapshot).filter(|_| admitted) else {
            let rule = if rules.is_empty() { "host-rule.none" } else { "host-rule" };
            self.note_entry(question, &target, Some(user), Some(rule));
            return (Verdict::Forbidden, Some(target));
        };
        (Verdict::Pass(Some(person)), Some(target))
    }

    /// The user behind a request, by any proof of a user.
    async fn person(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<UserId, Rejection> {
        let caller = self.prove(&head.headers, snapshot, now).await?;
        let key = caller.key.as_ref().and_then(|id| snapshot.company().keys.get(id));
        // Proxies hand on what a client sends.
        if key.is_some_and(|key| key.manage) {
            return Err(Rejection::ManagementKey);
        }
        match (caller.user, caller.door) {
            // A key of a client or of one tenant says nothing about a host.
            (Some(user), Door::Session | Door::AccessToken | Door::PersonalKey)
                if caller.tenant.is_none() =>
            {
                Ok(user)
            }
            _ => Err(Rejection::UnknownKind),
        }
    }

    fn refuse(&self, question: &Question<'_>, target: &Target, rejection: Rejection) -> Rejection {
        let too_many = self.limits.unproven(self.address(question.head)).err();
        let rejection = too_many.unwrap_or(rejection);
        self.note_account(&rejection, question.snapshot, question.now);
        if rejection != Rejection::NoProof {
            self.note_entry(question, target, None, Some(rejection.rule()));
        }
        rejection
    }

    fn note_entry(
        &self,
        question: &Question<'_>,
        target: &Target,
        user: Option<UserId>,
        refused: Option<&'static str>,
    ) {
        let place = format!("{}{}", target.host, target.path);
        let address = self.address(question.head);
        let (attempt, door) = (Attempt::Enter, question.dialect.as_str());
        let entered = Entered { attempt, door, user, place: &place, address, refused };
        self.note(entered, question.snapshot, question.now);
    }
}
