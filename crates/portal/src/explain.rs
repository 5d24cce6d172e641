//! Why somebody reaches something, or the first step that is missing. Every answer is `decide`'s.

use gatehall_domain::{
    Because, Caller, Company, ConnectionId, Decision, Denial, Door, Effect, Endpoint, Grant, Group,
    Reach, Snapshot, Source, Subject, Target, Timestamp, User,
    snapshot::{Off, Site},
};
use serde::Serialize;

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
    /// What would change the answer.
    pub remedy: Option<String>,
    /// Why it is not known whether the server has such a tool.
    pub unconfirmed: Option<String>,
}

/// Explains everything that bears on a user.
pub fn user(snapshot: &Snapshot, user: &User, now: Timestamp) -> Explanation {
    let company = snapshot.company();
    let caller = caller(user);
    let reach = Reach::new(snapshot, &caller, &Endpoint::All, now).ok();
    let open: Vec<ConnectionId> =
        reach.iter().flat_map(Reach::connections).map(|site| site.connection.id).collect();
    let answer = |site: &Site| {
        let id = site.connection.id;
        let mut because: Vec<String> = match &reach {
            Some(reach) => reach
                .view()
                .reasons(id)
                .map(|(effect, because)| reason(company, effect, because))
                .collect(),
            None => vec!["the user is disabled".into()],
        };
        because.extend(site.off.map(|off| format!("closed to everybody: {}", off_label(off))));
        if because.is_empty() {
            because.push("no grant reaches it".into());
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
            format!("{name} ({}{})", source_label(&it.source), if off { ", disabled" } else { "" })
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
    let (allowed, because, remedy) = match decision {
        Decision::Allowed(because) => (true, via(snapshot, user, because), None),
        Decision::Denied(denial) => {
            let because = match denial {
                Denial::DeniedBy(because) => company.because_label(because),
                denial => match disabled_group(company, user, site, tool) {
                    Some(group) if denial == Denial::NotGranted => {
                        format!("the group {}, whose grant would allow it, is disabled", group.name)
                    }
                    _ => denial.to_string(),
                },
            };
            (false, because, Some(remedy(company, user, site, tool, denial)))
        }
    };
    ToolAnswer {
        user: user.email.to_string(),
        connection: Some(site.connection.path.to_string()),
        tool: tool.to_owned(),
        allowed,
        because,
        remedy,
        unconfirmed: None,
    }
}

fn caller(user: &User) -> Caller {
    Caller { user: Some(user.id), door: Door::PersonalKey, key: None, tenant: None }
}

fn reason(company: &Company, effect: Effect, because: Because) -> String {
    match (effect, because) {
        (Effect::Deny, because) => format!("denied: {}", company.because_label(because)),
        (Effect::Allow, because) => company.because_label(because),
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
            source_label(&it.source),
            &it.created_at.to_string()[..10],
        ),
        None => sentence,
    }
}

fn source_label(source: &Source) -> String {
    match source {
        Source::Local => "by hand".into(),
        Source::Import => "from an import".into(),
        Source::Claim(provider) => format!("from {provider}"),
    }
}

const fn off_label(off: Off) -> &'static str {
    match off {
        Off::Tenant => "the tenant is disabled",
        Off::Server => "the server is disabled",
        Off::Connection => "the connection is disabled",
    }
}

fn remedy(company: &Company, user: &User, site: &Site, tool: &str, denial: Denial) -> String {
    let path = &site.connection.path;
    let email = &user.email;
    match denial {
        Denial::UserDisabled => format!("gatehall user change {email} --enabled true"),
        Denial::TenantDisabled => match &path.tenant {
            Some(tenant) => format!("gatehall tenant change {tenant} --enabled true"),
            None => String::new(),
        },
        Denial::ServerDisabled => format!("gatehall server change {} --enabled true", path.server),
        Denial::ConnectionDisabled => format!("gatehall connection change {path} --enabled true"),
        Denial::DeniedBy(Because::Grant(grant)) => format!("gatehall grant remove {grant}"),
        _ => match (
            disabled_group(company, user, site, tool),
            would_allow(company, site, tool).first(),
        ) {
            (Some(group), _) => format!("gatehall group change \"{}\" --enabled true", group.name),
            (None, Some(group)) => {
                format!("gatehall group change \"{}\" --add-member {email}", group.name)
            }
            (None, None) => format!("gatehall grant add --user {email} --connection {path}"),
        },
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
                && bears(grant, site)
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

fn bears(grant: &Grant, site: &Site) -> bool {
    match &grant.target {
        Target::Tenant(tenant) => site.connection.path.tenant.as_ref() == Some(tenant),
        Target::Connection(connection) => *connection == site.connection.id,
    }
}
