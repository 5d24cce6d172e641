//! Rows that several pages show.

use std::collections::HashMap;

use gatehall_domain::{
    Company, Effect, Grant, GroupId, Key, KeyId, Session, Snapshot, Source, Subject, Target,
    Timestamp, UserId,
};
use gatehall_store::Event;
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::{Moment, Short, connection_href, encoded};

/// A place in a group.
#[derive(Serialize, JsonSchema)]
pub(super) struct MembershipRow {
    pub(super) group: String,
    /// Its source: `local`, `import` or `claim:PROVIDER`.
    #[schemars(with = "String")]
    pub(super) source: Source,
    /// Whether it can be removed here; what a provider's claim gives comes back at the next sign-in.
    pub(super) removable: bool,
    /// Whether the group counts.
    pub(super) enabled: bool,
    pub(super) since: Moment,
}

impl MembershipRow {
    /// The memberships of a user, by group.
    pub(super) fn of(snapshot: &Snapshot, user: UserId) -> Vec<Self> {
        let company = snapshot.company();
        let mut rows: Vec<Self> = Vec::new();
        for group in snapshot.groups(user) {
            for source in sources(company) {
                let Some(it) = company.memberships.get(&(user, *group, source)) else { continue };
                rows.push(Self {
                    group: company.group_label(*group),
                    removable: !matches!(it.source, Source::Claim(_)),
                    source: it.source.clone(),
                    enabled: company.groups.get(group).is_some_and(|group| group.enabled),
                    since: Moment(it.created_at),
                });
            }
        }
        rows.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
        rows
    }
}

/// Whoever can have given a membership.
pub(super) fn sources(company: &Company) -> impl Iterator<Item = Source> {
    let claims = company.providers.keys().map(|id| Source::Claim(id.to_string()));
    [Source::Local, Source::Import].into_iter().chain(claims)
}

/// Who says that a user is in a group; the first that an administrator cannot take back, if any.
pub(super) fn source_of(company: &Company, user: UserId, group: GroupId) -> Option<Source> {
    let given = sources(company);
    let given = given.filter(|it| company.memberships.contains_key(&(user, group, it.clone())));
    given.max_by_key(|source| matches!(source, Source::Claim(_)))
}

/// A grant, as a sentence and in its parts.
#[derive(Serialize, JsonSchema)]
pub(super) struct GrantRow {
    pub(super) id: String,
    /// All of it in words.
    pub(super) sentence: String,
    pub(super) subject: String,
    #[serde(skip)]
    pub(super) subject_href: Option<String>,
    pub(super) target: String,
    #[serde(skip)]
    pub(super) target_href: String,
    /// The pattern of tools; all, if null.
    pub(super) tools: Option<String>,
    pub(super) deny: bool,
    pub(super) since: Moment,
}

impl GrantRow {
    /// The grants that are wanted, by what they mean.
    pub(super) fn all(company: &Company, wanted: impl Fn(&Grant) -> bool) -> Vec<Self> {
        let wanted = company.grants.values().filter(|grant| wanted(grant));
        let mut rows: Vec<Self> = wanted.map(|grant| Self::new(company, grant)).collect();
        rows.sort_by(|a, b| {
            (&a.target, &a.subject, &a.tools).cmp(&(&b.target, &b.subject, &b.tools))
        });
        rows
    }

    pub(super) fn new(company: &Company, grant: &Grant) -> Self {
        let subject_href = match &grant.subject {
            Subject::Group(id) => Some(format!("/groups/{}", encoded(&company.group_label(*id)))),
            Subject::User(id) => Some(format!("/users/{}", encoded(&company.user_label(*id)))),
            Subject::Pattern(_) => None,
        };
        let target_href = match &grant.target {
            Target::Tenant(id) => format!("/tenants/{id}"),
            Target::Connection(id) => connection_href(&company.connection_label(*id)),
        };
        Self {
            id: grant.id.to_string(),
            sentence: company.grant_label(grant),
            subject: company.subject_label(&grant.subject),
            subject_href,
            target: company.target_label(&grant.target),
            target_href,
            tools: grant.tools.as_ref().map(ToString::to_string),
            deny: grant.effect == Effect::Deny,
            since: Moment(grant.created_at),
        }
    }
}

/// A key, without its secret.
#[derive(Serialize, JsonSchema)]
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) name: String,
    /// The owner, as whom it acts; none for a service key.
    pub(super) user: Option<String>,
    pub(super) tenant: Option<String>,
    /// Whether it may use the management API.
    pub(super) manage: bool,
    /// `live`, `ended` or `revoked`.
    pub(super) state: &'static str,
    pub(super) since: Moment,
    pub(super) until: Option<Moment>,
    pub(super) last_used: Option<Moment>,
}

impl KeyRow {
    /// Its state in words.
    pub(super) fn state_label(&self) -> &'static str {
        if self.state == "ended" { "expired" } else { self.state }
    }

    /// The keys that are wanted, the newest first.
    pub(super) fn all(
        company: &Company,
        uses: &HashMap<KeyId, Timestamp>,
        now: Timestamp,
        wanted: impl Fn(&Key) -> bool,
    ) -> Vec<Self> {
        let row = |key: &Key| Self {
            id: key.id.to_string(),
            name: Short::name(&key.name),
            user: key.user.map(|user| company.user_label(user)),
            tenant: key.tenant.as_ref().map(ToString::to_string),
            manage: key.manage,
            state: match key.revoked_at {
                Some(_) => "revoked",
                None if key.is_live(now) => "live",
                None => "ended",
            },
            since: Moment(key.created_at),
            until: key.expires_at.map(Moment),
            last_used: uses.get(&key.id).copied().map(Moment),
        };
        let wanted = company.keys.values().map(AsRef::as_ref).filter(|key| wanted(key));
        let mut rows: Vec<Self> = wanted.map(row).collect();
        rows.sort_by(|a, b| (b.since, &a.id).cmp(&(a.since, &b.id)));
        rows
    }
}

/// A sign-in that lasts.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionRow {
    /// The provider; none if by a link.
    pub(super) provider: Option<String>,
    pub(super) since: Moment,
    pub(super) last_seen: Moment,
    pub(super) until: Moment,
}

impl SessionRow {
    pub(super) fn new(session: &Session) -> Self {
        Self {
            provider: session.login.as_ref().map(|login| login.provider.to_string()),
            since: Moment(session.created_at),
            last_seen: Moment(session.seen_at),
            until: Moment(session.expires_at),
        }
    }
}

/// Something that happened.
#[derive(Serialize, JsonSchema)]
pub(super) struct EventRow {
    pub(super) id: String,
    pub(super) at: Moment,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) tenant: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) outcome: String,
    /// Why; for calls the grant that decided.
    pub(super) reason: String,
    /// The revision it happened at, or made.
    pub(super) revision: u64,
    pub(super) door: Option<String>,
    pub(super) milliseconds: Option<u64>,
}

impl EventRow {
    pub(super) fn new(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: Moment(event.at),
            actor: Short::name(&event.actor),
            action: event.action.clone(),
            kind: event.kind.clone(),
            subject: Short::text(&event.subject),
            tenant: event.tenant.clone(),
            connection: event.connection.clone(),
            outcome: event.outcome.clone(),
            reason: Short::text(event.reason.as_deref().unwrap_or_default()),
            revision: event.revision,
            door: event.door.clone(),
            milliseconds: event.duration_micros.map(|micros| micros / 1000),
        }
    }

    /// How its outcome looks: `good`, `warn` or `bad`.
    pub(super) fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "answered" | "admitted" | "changed" => "good",
            "denied" | "refused" | "failed" => "bad",
            _ => "warn",
        }
    }
}
