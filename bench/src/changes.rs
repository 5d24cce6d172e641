//! What a change of the large company costs a gate that hears of it, and what calls feel of many.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use gatehall_control::{
    Desk, DeskError,
    operation::{
        key::{self, KeyOrder},
        user::{self, NewUser, UserEdit, change},
    },
};
use gatehall_domain::{EmailAddress, GroupName, Snapshot};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    company::{self, LARGE, email},
    gate::Gate,
    load::{Line, Result_, Shot, fire, fire_during, post},
    options::Options,
    process::Program,
};

/// As many connections call meanwhile.
const CONNECTIONS: usize = 16;

/// Changes a minute, as on a morning when everybody signs in.
const A_MINUTE: u32 = 1_000;

/// Changes of which the mean is told.
const ROUNDS: usize = 200;

pub(crate) async fn run(options: &Options, upstream: SocketAddr, time: Duration) -> Result<()> {
    let gate = Gate::start(options, LARGE, upstream, options.postgres.as_deref()).await?;
    let desk = company::desk(gate.folder.path(), &gate.database).await?;
    let mut editor = Editor::new(&desk).await?;
    println!("the large company, changed by another process ({})\n", desk.store().kind());

    let before = gate.program.cpu_micros();
    for _ in 0..ROUNDS {
        editor.change_one().await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let cpu = (gate.program.cpu_micros() - before) / ROUNDS as f64;
    println!("one membership: {:.2} ms of CPU at a gate that hears of it\n", cpu / 1000.0);

    println!(
        "| meanwhile | seconds | calls/s | p50 \u{b5}s | p99 \u{b5}s | longest \u{b5}s | CPU \u{b5}s per call |"
    );
    println!("|---|---|---|---|---|---|---|");
    let shot = Shot { address: gate.address, requests: vec![gate.call()], anew: false };
    fire(&shot, CONNECTIONS, time / 4).await?;
    show("nothing", &gate.program, async { fire(&shot, CONNECTIONS, time).await }).await?;
    let each = Duration::from_secs(60) / A_MINUTE;
    let changing = async {
        let end = Instant::now() + time;
        while Instant::now() < end {
            editor.change_one().await?;
            tokio::time::sleep(each).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    let fired = fire_during(&shot, CONNECTIONS, changing);
    show("1,000 memberships a minute", &gate.program, fired).await?;
    let fired = fire_during(&shot, CONNECTIONS, editor.rename_all());
    show("15,000 names in one change by another process", &gate.program, fired).await?;
    let import = import(&admin_key(&desk).await?, LARGE.users);
    let mut line = known(gate.address, &import.planned).await?;
    let importing = async { line.ask(&import.applied).await.map(drop) };
    let fired = fire_during(&shot, CONNECTIONS, importing);
    show("an import of 15,000 users at this gate", &gate.program, fired).await
}

/// A key of somebody who may import.
async fn admin_key(desk: &Desk) -> Result<String> {
    let email: EmailAddress = "admin@company.example".parse()?;
    let (name, now) = (String::new(), desk.clock().now());
    let admin = NewUser { email: email.clone(), name, admin: true, groups: Vec::new() };
    desk.change(|snapshot| Ok::<_, DeskError>((user::add(snapshot.company(), &admin, now)?, ())))
        .await?;
    let order = KeyOrder {
        name: "import".into(),
        user: Some(email),
        tenant: None,
        manage: true,
        expires_at: None,
    };
    let key = desk.change(|snapshot| key::add(snapshot.company(), &order, now)).await?;
    Ok(key.text.expose_secret().to_owned())
}

/// Requests for an import.
struct Import {
    /// Asks what it would do, of a small one.
    planned: Vec<u8>,
    applied: Vec<u8>,
}

/// An import of so many users who are new, in three groups each.
fn import(key: &str, users: usize) -> Import {
    let bearer = format!("Bearer {key}");
    let request = |path: &str, users: usize| {
        let rows: String = (0..users)
            .map(|n| {
                let [first, second, third] = [n, n * 7 + 1, n * 13 + 2].map(|n| n % LARGE.groups);
                format!("new{n}@company.example,group{first};group{second};group{third}\n")
            })
            .collect();
        let file = json!({"text": format!("email,groups\n{rows}"), "file_name": "people.csv"});
        post(path, &[("authorization", &bearer)], &file.to_string())
    };
    Import { planned: request("/api/v1/import/plan", 1), applied: request("/api/v1/import", users) }
}

/// A connection to a gate, once that knows who asks so.
async fn known(address: SocketAddr, request: &[u8]) -> Result<Line> {
    let mut refused = None;
    for _ in 0..1_000 {
        let mut line = Line::open(address).await?;
        match line.ask(request).await {
            Ok(_) => return Ok(line),
            Err(error) => refused = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("it was never asked")))
}

async fn show(
    what: &str,
    program: &Program,
    fired: impl Future<Output = Result<Result_>>,
) -> Result<()> {
    let before = program.cpu_micros();
    let result = fired.await?;
    let cpu = (program.cpu_micros() - before) / result.rounds as f64;
    println!(
        "| {what} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {cpu:.1} |",
        result.seconds,
        result.per_second(),
        result.percentile(0.5),
        result.percentile(0.99),
        result.percentile(1.0),
    );
    Ok(())
}

/// Somebody who changes the company, and knows it as it is.
struct Editor<'d> {
    desk: &'d Desk,
    snapshot: Arc<Snapshot>,
    rounds: usize,
}

impl<'d> Editor<'d> {
    async fn new(desk: &'d Desk) -> Result<Self> {
        Ok(Self { desk, snapshot: Arc::new(desk.snapshot().await?), rounds: 0 })
    }

    /// Puts a user in a group, or takes them out.
    async fn change_one(&mut self) -> Result<()> {
        let group: GroupName = "group500".parse()?;
        let edit = match self.rounds % 2 {
            0 => UserEdit { add_groups: vec![group], ..Default::default() },
            _ => UserEdit { remove_groups: vec![group], ..Default::default() },
        };
        // Nobody who is in that group anyway.
        let address: EmailAddress = email(1 + self.rounds / 2 % 100).parse()?;
        self.rounds += 1;
        self.edit(&[address], &edit).await
    }

    async fn rename_all(&mut self) -> Result<()> {
        let edit = UserEdit { name: Some("Somebody".into()), ..Default::default() };
        let all: Vec<EmailAddress> =
            self.snapshot.company().users.values().map(|user| user.email.clone()).collect();
        self.edit(&all, &edit).await
    }

    async fn edit(&mut self, whom: &[EmailAddress], edit: &UserEdit) -> Result<()> {
        let now = self.desk.clock().now();
        let changes = |snapshot: &Snapshot| {
            let mut changes = Vec::new();
            for address in whom {
                changes.extend(change(snapshot.company(), address, edit, now)?);
            }
            Ok::<_, DeskError>((changes, ()))
        };
        let (_, made) = self.desk.change_from(Arc::clone(&self.snapshot), changes).await?;
        if let Some(made) = made {
            self.snapshot = made;
        }
        Ok(())
    }
}
