//! What an administrator has to see to, each thing with the page where it is mended.

use std::sync::Arc;

use gatehall_domain::{Credential, Grant, Key, SetAside, Timestamp, UnreadRow, counted};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    idle::{Idle, idle_grants},
    providers::trouble_text,
    reach::reaches_any,
    scene::{Scene, Thing, sentences},
};
use crate::{
    hall::Condition,
    web::{Moment, Short, connection_href},
};

/// As many are shown of each kind.
const OF_EACH: usize = 5;

/// Seconds before its end in which a key or a credential is told of: two weeks.
const ENDS_SOON: i64 = 14 * 24 * 3600;

/// Seconds for which changed tools are told of: a week. They stay on the connection's page.
const CHANGE_IS_NEWS: i64 = 7 * 24 * 3600;

/// Names in a sentence; the rest are counted.
const NAMES: usize = 3;

/// Things to do of one kind.
#[derive(Serialize, JsonSchema)]
pub(super) struct Todo {
    /// What they have in common.
    pub(super) kind: &'static str,
    /// The first of them.
    pub(super) things: Vec<Thing>,
    /// How many there are besides.
    pub(super) more: usize,
    /// The page that lists all of its kind.
    pub(super) all: &'static str,
}

impl Todo {
    fn new(kind: &'static str, all: &'static str, mut things: Vec<Thing>) -> Self {
        let more = things.len().saturating_sub(OF_EACH);
        things.truncate(OF_EACH);
        Self { kind, things, more, all }
    }

    pub(super) const fn count(&self) -> usize {
        self.things.len() + self.more
    }
}

/// All things to do, the most urgent kinds first.
pub(super) fn things_to_do(scene: &Scene<'_>) -> Vec<Todo> {
    let all = [
        Todo::new("Problems of the gate", "/ready", troubles(scene)),
        unread(scene),
        Todo::new("Connections that are down", "/connections", down(scene)),
        Todo::new("Providers", "/providers", providers(scene)),
        Todo::new("Open WebUI", "/settings", super::chats::findings(scene)),
        Todo::new("Accounts that changed", "/accounts?show=changed", super::chats::changed(scene)),
        Todo::new("Users without any tools", "/users?state=no-tools", without_tools(scene)),
        Todo::new("Grants without effect", "/grants", grants(scene)),
        Todo::new("Credentials that expire soon", "/connections", credentials(scene)),
        Todo::new("Keys that expire soon", "/keys", keys(scene)),
        Todo::new("Definitions that were left out", "/connections", left_out(scene)),
        Todo::new("Incomplete lists of tools", "/connections", cut_short(scene)),
        Todo::new("Tools that changed", "/connections", changed(scene)),
    ];
    all.into_iter().filter(|todo| todo.count() > 0).collect()
}

fn unread(scene: &Scene<'_>) -> Todo {
    let rows = scene.snapshot.company().set_aside().rows();
    let thing = |row: &UnreadRow| Thing {
        subject: format!("{} of {}", Short::text(&row.key.to_string()), row.table),
        href: "/settings".into(),
        text: sentences(
            "is set aside, and everything that it may deny is denied:",
            &[&Short::text(&row.problem)],
        ),
    };
    let (named, rest) = rows.split_at(rows.len().min(SetAside::NAMED));
    let mut todo =
        Todo::new("Rows that cannot be read", "/settings", named.iter().map(thing).collect());
    todo.more += rest.len();
    todo
}

fn troubles(scene: &Scene<'_>) -> Vec<Thing> {
    let thing = |trouble: String| Thing {
        subject: "The gate".into(),
        href: "/ready".into(),
        text: format!("is not well: {trouble}."),
    };
    scene.hall.troubles().into_iter().map(thing).collect()
}

fn down(scene: &Scene<'_>) -> Vec<Thing> {
    let down = scene.conditions.iter().filter(|it| it.state == "down");
    let thing = |it: &Condition| {
        scene.at(it, sentences("is down:", &[&Short::text(&it.said), &Short::text(&it.remedy)]))
    };
    down.map(thing).collect()
}

fn providers(scene: &Scene<'_>) -> Vec<Thing> {
    let company = scene.snapshot.company();
    let mut things = Vec::new();
    if !company.providers.values().any(|it| it.enabled && it.settings.sign_in) {
        things.push(Thing {
            subject: "There is no provider".into(),
            href: "/providers".into(),
            text: "to sign in with, so people can come in by links and keys only.".into(),
        });
    }
    for (id, trouble) in scene.provider_troubles {
        things.push(Thing {
            subject: format!("Provider {id}"),
            href: format!("/providers/{id}"),
            text: format!("does not work: {}", trouble_text(trouble)),
        });
    }
    let stale = company.identities.values().filter(|it| it.stale).count();
    if stale > 0 {
        things.push(Thing {
            subject: counted(stale, "account", "accounts"),
            href: "/providers".into(),
            text: "could not be looked up for groups at the last sign-in, so the last known ones \
                   are kept."
                .into(),
        });
    }
    let unknown = company.users.values().filter(|user| user.enabled);
    let unknown = unknown.filter(|it| !scene.snapshot.claims_unsaid(it.id).is_empty()).count();
    if unknown > 0 {
        things.push(Thing {
            subject: counted(unknown, "user", "users"),
            href: "/users".into(),
            text: "came without their groups, which are not known yet: anything denied to a group \
                   that they may be in is denied to them until they sign in."
                .into(),
        });
    }
    things
}

fn without_tools(scene: &Scene<'_>) -> Vec<Thing> {
    let users = scene.snapshot.company().users.values().filter(|it| it.enabled);
    let count = users.filter(|it| !reaches_any(scene.snapshot, it, scene.now)).count();
    if count == 0 {
        return Vec::new();
    }
    let text = if count == 1 { "is enabled but has" } else { "are enabled but have" };
    vec![Thing {
        subject: counted(count, "user", "users"),
        href: "/users?state=no-tools".into(),
        text: format!("{text} no tools."),
    }]
}

fn grants(scene: &Scene<'_>) -> Vec<Thing> {
    let company = scene.snapshot.company();
    let thing = |(grant, idle): (&Grant, Idle)| Thing {
        subject: company.grant_label(grant),
        href: format!("/grants/{}", grant.id),
        text: format!("has no effect, because {}.", idle.because()),
    };
    let idle = idle_grants(scene.snapshot, scene.conditions, scene.hall, |_| true);
    let mut things: Vec<Thing> = idle.into_iter().map(thing).collect();
    things.sort_unstable_by(|a, b| (&a.subject, &a.href).cmp(&(&b.subject, &b.href)));
    things
}

/// Also those that have ended: their servers refuse them.
fn credentials(scene: &Scene<'_>) -> Vec<Thing> {
    let company = scene.snapshot.company();
    let soon = scene.now.plus_seconds(ENDS_SOON);
    let ends = company.credentials.values().filter_map(|it| Some((it.expires_at?, it)));
    let mut ending: Vec<_> = ends.filter(|(end, _)| *end <= soon).collect();
    ending.sort_unstable_by(|a, b| (a.0, &a.1.placement).cmp(&(b.0, &b.1.placement)));
    let thing = |(end, it): (Timestamp, &Arc<Credential>)| {
        let subject = company.connection_label(it.connection);
        let verb = if end <= scene.now { "expired" } else { "expires" };
        Thing {
            href: connection_href(&subject),
            subject,
            text: format!("has a credential ({}) that {verb} on {}.", it.placement, Moment(end)),
        }
    };
    ending.into_iter().map(thing).collect()
}

fn keys(scene: &Scene<'_>) -> Vec<Thing> {
    let company = scene.snapshot.company();
    let soon = scene.now.plus_seconds(ENDS_SOON);
    let ends = |key: &Key| key.expires_at.filter(|end| key.is_live(scene.now) && *end <= soon);
    let keys = company.keys.values().map(AsRef::as_ref);
    let mut ending: Vec<(Timestamp, &Key)> =
        keys.filter_map(|key| Some((ends(key)?, key))).collect();
    ending.sort_unstable_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let thing = |(end, key): (Timestamp, &Key)| {
        let name = if key.name.is_empty() { key.id.to_string() } else { Short::name(&key.name) };
        let owner = key.user.map_or_else(|| "a service".into(), |user| company.user_label(user));
        Thing {
            subject: format!("Key {name}"),
            href: format!("/keys/{}", key.id),
            text: format!("of {owner} expires on {}.", Moment(end)),
        }
    };
    ending.into_iter().map(thing).collect()
}

fn left_out(scene: &Scene<'_>) -> Vec<Thing> {
    let thing = |it: &Condition| {
        let first = Short::text(it.problems.first()?);
        let count = counted(it.problems.len(), "definition", "definitions");
        Some(scene.at(it, sentences(&format!("has {count} left out:"), &[&first])))
    };
    scene.conditions.iter().filter_map(thing).collect()
}

fn cut_short(scene: &Scene<'_>) -> Vec<Thing> {
    let thing = |it: &Condition| {
        Some(scene.at(it, format!("has an incomplete list of tools: {}.", it.cut?)))
    };
    scene.conditions.iter().filter_map(thing).collect()
}

fn changed(scene: &Scene<'_>) -> Vec<Thing> {
    let thing = |it: &Condition| {
        let (at, tools) = it.changed.as_ref()?;
        if at.plus_seconds(CHANGE_IS_NEWS) < scene.now || tools.is_empty() {
            return None;
        }
        let mut names: Vec<String> = tools.iter().take(NAMES).map(|it| Short::name(it)).collect();
        if tools.len() > NAMES {
            names.push(format!("{} more", tools.len() - NAMES));
        }
        let text = format!("has added, removed or changed tools: {}.", names.join(", "));
        Some(scene.at(it, format!("{text} Seen on {}.", Moment(*at))))
    };
    scene.conditions.iter().filter_map(thing).collect()
}
