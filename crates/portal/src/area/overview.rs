//! Is everything all right? What to do, how the connections are, how much is called, who serves.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::{chat_scene, serving};
use gatehall_domain::{Company, Timestamp};
use gatehall_store::{Replica, UsageMinute};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    condition::ConnectionRow,
    scene::Scene,
    todo::{Todo, things_to_do},
};
use crate::{
    hall::Condition,
    web::{Admin, Book, Fault, Frame, Moment, Shared, Short},
};

pub(super) fn ways(book: Book) -> Book {
    book.area("overview").show::<Overview, _, _>("/overview", "See how everything is", show)
}

/// Minutes of calls that are shown.
const MINUTES: i64 = 60;

/// Connections that are shown at once.
const SHOWN: usize = 50;

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "overview/show.html")]
struct Overview {
    #[serde(skip)]
    frame: Frame,
    /// The answer in a sentence.
    answer: String,
    /// How many items need attention.
    needs: usize,
    todo: Vec<Todo>,
    health: Health,
    usage: Usage,
    replicas: Vec<ReplicaRow>,
    totals: Totals,
}

async fn show(admin: Admin, State(portal): Shared) -> Result<Response, Fault> {
    let (snapshot, now) = (&admin.snapshot, admin.now);
    let store = portal.desk.store();
    let first = now.seconds().div_euclid(60) - (MINUTES - 1);
    let since = Timestamp::from_micros(first * 60_000_000);
    let minutes = store.usage(since, None).await?;
    let replicas = serving(store, now).await?;
    let hall = portal.hall.as_ref();
    let conditions = hall.conditions();
    let troubles = portal.doors.provider_troubles(snapshot.company());
    let todo = things_to_do(&Scene {
        snapshot,
        conditions: &conditions,
        hall,
        provider_troubles: &troubles,
        chats: &chat_scene(&replicas, &portal.doors, hall.replica()),
        refused: &store.refused_accounts(now).await?,
        now,
    });
    let needs = todo.iter().map(Todo::count).sum();
    let here = |it: &Replica| ReplicaRow::new(it, hall.replica(), snapshot.revision());
    let view = Overview {
        frame: admin.frame("Overview"),
        answer: match needs {
            0 => "All is well.".into(),
            1 => "1 item needs attention.".into(),
            needs => format!("{needs} items need attention."),
        },
        needs,
        todo,
        health: Health::new(ConnectionRow::all(&portal, &admin, |_| true)),
        usage: Usage::new(first, &minutes),
        replicas: replicas.iter().map(here).collect(),
        totals: Totals::new(snapshot.company(), &conditions),
    };
    Ok(admin.show(&view))
}

/// How the connections are.
#[derive(Serialize, JsonSchema)]
struct Health {
    up: usize,
    down: usize,
    /// Not checked yet.
    unseen: usize,
    /// Disabled themselves, or by their server or tenant.
    disabled: usize,
    /// Those that are enabled and not up, the first of them.
    ailing: Vec<ConnectionRow>,
}

impl Health {
    fn new(mut rows: Vec<ConnectionRow>) -> Self {
        let count = |state| rows.iter().filter(|it| it.state == state).count();
        let [up, down, unseen, disabled] = ["up", "down", "unseen", "disabled"].map(count);
        rows.retain(|it| matches!(it.state, "down" | "unseen"));
        // What is down first; besides it stays by path.
        rows.sort_by_key(|it| it.state != "down");
        rows.truncate(SHOWN);
        Self { up, down, unseen, disabled, ailing: rows }
    }

    /// How many are not up and are not shown.
    fn more(&self) -> usize {
        (self.down + self.unseen).saturating_sub(self.ailing.len())
    }
}

/// The calls of the last hour.
#[derive(Serialize, JsonSchema)]
struct Usage {
    calls: Plot,
    denied: Plot,
    failed: u64,
}

/// A number for each minute.
#[derive(Serialize, JsonSchema)]
struct Plot {
    total: u64,
    /// The most in one minute.
    peak: u64,
    /// All minutes, the oldest first.
    minutes: Vec<u64>,
}

/// A bar of a plot, in units of its view box.
struct Bar {
    x: usize,
    y: u64,
    height: u64,
}

impl Usage {
    fn new(first: i64, minutes: &[UsageMinute]) -> Self {
        let by_minute: HashMap<i64, &UsageMinute> =
            minutes.iter().map(|it| (it.minute, it)).collect();
        let plot = |of: fn(&UsageMinute) -> u64| {
            let value = |minute| by_minute.get(&minute).map_or(0, |it| of(it));
            let minutes: Vec<u64> = (first..first + MINUTES).map(value).collect();
            let peak = minutes.iter().copied().max().unwrap_or_default();
            Plot { total: minutes.iter().sum(), peak, minutes }
        };
        Self {
            calls: plot(|it| it.calls),
            denied: plot(|it| it.denied),
            failed: minutes.iter().map(|it| it.failed).sum(),
        }
    }
}

impl Plot {
    /// Bars that fill a height of 60, each 10 wide. What is more than nothing is seen.
    fn bars(&self) -> Vec<Bar> {
        let bar = |(at, calls): (usize, &u64)| {
            let height = (calls * 56 / self.peak.max(1)).max(2);
            (*calls > 0).then(|| Bar { x: at * 10 + 1, y: 60 - height, height })
        };
        self.minutes.iter().enumerate().filter_map(bar).collect()
    }

    /// The plot in words.
    fn words(&self) -> String {
        match self.total {
            0 => "none in the last hour".into(),
            total => format!("{total} in the last hour, at most {} per minute", self.peak),
        }
    }
}

/// A gate that serves this company.
#[derive(Serialize, JsonSchema)]
struct ReplicaRow {
    name: String,
    version: String,
    revision: u64,
    /// Whether it serves an older revision than the gate that answers.
    behind: bool,
    /// Whether it is the gate that answers.
    this: bool,
    since: Moment,
}

impl ReplicaRow {
    fn new(replica: &Replica, this: &str, newest: u64) -> Self {
        let this = replica.name == this;
        // What this gate last said of itself may be older than what it serves.
        let revision = if this { newest } else { replica.revision };
        Self {
            name: Short::name(&replica.name),
            version: Short::name(&replica.version),
            revision,
            behind: revision < newest,
            this,
            since: Moment(replica.started_at),
        }
    }
}

/// How many there are.
#[derive(Serialize, JsonSchema)]
struct Totals {
    users: usize,
    groups: usize,
    tenants: usize,
    connections: usize,
    tools: usize,
}

impl Totals {
    fn new(company: &Company, conditions: &[Condition]) -> Self {
        Self {
            users: company.users.len(),
            groups: company.groups.len(),
            tenants: company.tenants.len(),
            connections: company.connections.len(),
            tools: conditions.iter().map(|it| it.tools).sum(),
        }
    }

    /// Each with its page.
    fn places(&self) -> [(usize, &'static str, &'static str); 5] {
        [
            (self.users, "Users", "/users"),
            (self.groups, "Groups", "/groups"),
            (self.tenants, "Tenants", "/tenants"),
            (self.connections, "Connections", "/connections"),
            (self.tools, "Tools", "/tools"),
        ]
    }
}
