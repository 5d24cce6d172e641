//! Why somebody reaches something, or the first step that is missing. Every answer is `decide`'s.

mod newcomer;

use std::collections::HashSet;

use gatehall_domain::{
    Because, Caller, Company, ConnectionId, Decision, Denial, Door, Effect, Endpoint, Group, Reach,
    Reason, Snapshot, Subject, Timestamp, User, quoted, snapshot::Site,
};
use serde::Serialize;

pub use self::newcomer::{DoorAnswer, MeantBy, Newcomer};
use crate::page;

/// What a user reaches, and why.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The user's address.
    pub user: String,
    /// Whether the user is enabled.
    pub enabled: bool,
    /// Why the user is an administrator, if so.
    pub admin: Option<String>,
    /// The groups, each with who says so.
    pub groups: Vec<String>,
    /// Claims about groups that were not said of the user yet, as `provider:claim`. Until then, what is
    /// denied to a group that they can put the user in is denied to the user.
    pub claims_unsaid: Vec<String>,
    /// One answer for each connection, also for those that stay closed.
    pub connections: Vec<ConnectionAnswer>,
}

/// The answer for one connection.
#[derive(Debug, Serialize)]
pub struct ConnectionAnswer {
    /// The connection.
    pub path: String,
    /// Whether some tool of it may be open.
    pub open: bool,
    /// The grants that bear on it, those that deny first; or what keeps it closed.
    pub because: Vec<String>,
}

/// The answer for one tool.
#[derive(Debug, Serialize)]
pub struct ToolAnswer {
    /// The user's address.
    pub user: String,
    /// The connection, if the name led to one.
    pub connection: Option<String>,
    /// The tool.
    pub tool: String,
    /// Whether the user may use it.
    pub allowed: bool,
    /// Why, or the first step that is missing.
    pub because: String,
    /// What would change the answer, as a command.
    pub remedy: Option<String>,
    /// The same for a page.
    #[serde(skip)]
    pub change: Option<Remedy>,
    /// Why it is not known whether the server has such a tool.
    pub unconfirmed: Option<String>,
}

/// A change that would open a tool.
#[derive(Debug, Clone)]
pub struct Remedy {
    /// How it is done at the command line.
    pub command: String,
    /// What it does.
    pub label: String,
    /// Where a page sends it.
    pub action: String,
    /// What it sends.
    pub fields: Vec<(&'static str, String)>,
}

impl Remedy {
    fn new(command: String, label: String, action: String) -> Self {
        Self { command, label, action, fields: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }
}

/// Explains everything that bears on a user.
pub fn user(snapshot: &Snapshot, user: &User, now: Timestamp) -> Explanation {
    let company = snapshot.company();
    let caller = caller(user);
    let reach = Reach::new(snapshot, &caller, &Endpoint::All, now).ok();
    let open: HashSet<ConnectionId> =
        reach.iter().flat_map(Reach::connections).map(|site| site.connection.id).collect();
    let answer = |site: &Site| {
        let id = site.connection.id;
        let mut because: Vec<String> = match &reach {
            Some(reach) => reach.view().reasons(site).map(|it| reason(company, it)).collect(),
            None => vec!["the user is disabled".into()],
        };
        because.extend(site.off.map(|off| format!("closed to everybody: {}", off.because())));
        if because.is_empty() {
            because.push("no grant covers it".into());
        }
        ConnectionAnswer {
            path: site.connection.path.to_string(),
            open: open.contains(&id),
            because,
        }
    };
    let mut groups: Vec<String> = company
        .memberships
        .values()
        .filter(|it| it.user == user.id)
        .map(|it| {
            let off = company.groups.get(&it.group).is_some_and(|group| !group.enabled);
            let name = company.group_label(it.group);
            format!("{name} ({}{})", it.source.label(), if off { ", disabled" } else { "" })
        })
        .collect();
    groups.sort();
    Explanation {
        user: user.email.to_string(),
        enabled: user.enabled,
        admin: reach
            .and_then(|reach| reach.view().admin)
            .map(|because| company.because_label(because)),
        groups,
        claims_unsaid: snapshot.claims_unsaid(user.id).iter().map(ToString::to_string).collect(),
        connections: snapshot.sites().map(answer).collect(),
    }
}

/// Explains the answer for one tool, by its own name on its connection.
pub fn tool(
    snapshot: &Snapshot,
    user: &User,
    site: &Site,
    tool: &str,
    now: Timestamp,
) -> ToolAnswer {
    let company = snapshot.company();
    let caller = caller(user);
    let decision =
        gatehall_domain::decide(snapshot, &caller, &Endpoint::All, now, site.connection.id, tool);
    let (allowed, because, change) = match decision {
        Decision::Allowed(because) => (true, via(snapshot, user, because), None),
        Decision::Denied(denial) => {
            let because = match denial {
                Denial::DeniedBy(because) => company.because_label(because),
                Denial::GroupsUnknown(because) => {
                    format!("{denial} ({})", company.because_label(because))
                }
                denial => match disabled_group(company, user, site, tool) {
                    Some(group) if denial == Denial::NotGranted => {
                        format!("the group {}, whose grant would allow it, is disabled", group.name)
                    }
                    _ => denial.to_string(),
                },
            };
            (false, because, remedy(company, user, site, tool, denial))
        }
    };
    ToolAnswer {
        user: user.email.to_string(),
        connection: Some(site.connection.path.to_string()),
        tool: tool.to_owned(),
        allowed,
        because,
        remedy: change.as_ref().map(|it| it.command.clone()),
        change,
        unconfirmed: None,
    }
}

/// A user with a key of their own.
pub(crate) fn caller(user: &User) -> Caller {
    Caller { user: Some(user.id), door: Door::PersonalKey, key: None, tenant: None }
}

fn reason(company: &Company, reason: Reason) -> String {
    let because = company.because_label(reason.because);
    match (reason.effect, reason.supposed) {
        (Effect::Deny, true) => format!("denied while groups are not known yet: {because}"),
        (Effect::Deny, false) => format!("denied: {because}"),
        (Effect::Allow, _) => because,
    }
}

/// The reason with the membership it rests on.
fn via(snapshot: &Snapshot, user: &User, because: Because) -> String {
    let company = snapshot.company();
    let sentence = company.because_label(because);
    let group = match because {
        Because::AdminGroup(group) => Some(group),
        Because::Grant(grant) => match company.grants.get(&grant).map(|grant| &grant.subject) {
            Some(Subject::Group(group)) => Some(*group),
            _ => None,
        },
        Because::Public | Because::Admin => None,
    };
    let membership = group.and_then(|group| {
        company.memberships.values().find(|it| it.user == user.id && it.group == group)
    });
    match membership {
        Some(it) => format!(
            "{} is in {} ({}, since {}), and {sentence}",
            user.email,
            company.group_label(it.group),
            it.source.label(),
            &it.created_at.to_string()[..10],
        ),
        None => sentence,
    }
}

fn remedy(
    company: &Company,
    user: &User,
    site: &Site,
    tool: &str,
    denial: Denial,
) -> Option<Remedy> {
    let path = &site.connection.path;
    let (email, server) = (&user.email, &path.server);
    let user_page = page::user(email.as_str());
    let enable = |command: String, what: String, page: String| {
        let command = format!("gatehall {command} --enabled true");
        Some(Remedy::new(command, format!("Enable {what}"), page).with("enabled", true))
    };
    match denial {
        Denial::UserDisabled => {
            let command = format!("user change {}", quoted(email.as_str()));
            enable(command, email.to_string(), user_page)
        }
        Denial::TenantDisabled => path.tenant.as_ref().and_then(|tenant| {
            let page = format!("/tenants/{tenant}");
            enable(format!("tenant change {tenant}"), format!("the tenant {tenant}"), page)
        }),
        Denial::ServerDisabled => {
            let page = format!("/servers/{server}");
            enable(format!("server change {server}"), format!("the server {server}"), page)
        }
        Denial::ConnectionDisabled => {
            let page = page::connection(&path.to_string());
            enable(format!("connection change {path}"), format!("the connection {path}"), page)
        }
        Denial::DeniedBy(Because::Grant(grant)) if !company.grants.contains_key(&grant) => None,
        // It opens when the provider says the groups: the person has to sign in.
        Denial::GroupsUnknown(_) => None,
        Denial::DeniedBy(Because::Grant(grant)) => Some(Remedy::new(
            format!("gatehall grant remove {grant}"),
            format!("Remove the grant: {}", company.grant_label_by_id(grant)),
            format!("/grants/{grant}/remove"),
        )),
        _ => Some(opening(company, user, site, tool)),
    }
}

/// What gives a user a tool that no grant of theirs reaches.
fn opening(company: &Company, user: &User, site: &Site, tool: &str) -> Remedy {
    let (path, email) = (&site.connection.path, &user.email);
    let disabled = disabled_group(company, user, site, tool);
    let enabled = would_allow(company, site, tool).into_iter().find(|group| group.enabled);
    match (disabled, enabled) {
        (Some(group), _) => Remedy::new(
            format!("gatehall group change {} --enabled true", quoted(group.name.as_str())),
            format!("Enable the group {}", group.name),
            page::group(group.name.as_str()),
        )
        .with("enabled", true),
        (None, Some(group)) => Remedy::new(
            format!(
                "gatehall group change {} --add-member {}",
                quoted(group.name.as_str()),
                quoted(email.as_str())
            ),
            format!("Add {email} to {}", group.name),
            page::group(group.name.as_str()),
        )
        .with("add_members", email),
        (None, None) => Remedy::new(
            format!("gatehall grant add --user {} --connection {path}", quoted(email.as_str())),
            format!("Grant {email} access to {path}"),
            "/grants".into(),
        )
        .with("user", email)
        .with("connection", path),
    }
}

/// A group of the user's that would allow the tool if it were enabled.
fn disabled_group<'c>(
    company: &'c Company,
    user: &User,
    site: &Site,
    tool: &str,
) -> Option<&'c Group> {
    let groups = would_allow(company, site, tool).into_iter();
    groups.filter(|group| !group.enabled).find(|group| is_member(company, user, group))
}

/// The groups whose members may use a tool or could if the group were enabled, by name.
fn would_allow<'c>(company: &'c Company, site: &Site, tool: &str) -> Vec<&'c Group> {
    let bearing = |effect| {
        let grants = company.grants.values().filter(move |grant| {
            grant.effect == effect
                && grant.target.covers(&site.connection)
                && grant.tools.as_ref().is_none_or(|it| it.compile().matches(tool))
        });
        grants.filter_map(|grant| match &grant.subject {
            Subject::Group(group) => company.groups.get(group).map(AsRef::as_ref),
            _ => None,
        })
    };
    let denied: Vec<&Group> = bearing(Effect::Deny).collect();
    let mut groups: Vec<&Group> =
        bearing(Effect::Allow).filter(|group| !denied.contains(group)).collect();
    groups.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    groups
}

fn is_member(company: &Company, user: &User, group: &Group) -> bool {
    company.memberships.values().any(|it| it.user == user.id && it.group == group.id)
}
