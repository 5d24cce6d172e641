//! What the pages cost an administrator of a large company: each is asked for again and again, on
//! one connection.

use std::{net::SocketAddr, path::PathBuf, time::Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    doors::{cookie, exchange},
    load::Line,
    process::Program,
};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The gatehall program.
    #[arg(long)]
    gatehall: PathBuf,
    /// Only pages whose address holds this.
    #[arg(long, default_value = "")]
    only: String,
}

const WARM_UPS: usize = 3;
const ROUNDS: usize = 20;

/// What a page should stay below.
const MILLISECONDS: f64 = 50.0;
const KILOBYTES: f64 = 150.0;

/// All others are compared with it.
const BASE: &str = "/health";

/// The pages, with the names that the demo's company always has. `{event}` is the newest event's.
const PAGES: [&str; 38] = [
    "/overview",
    "/users",
    "/users?q=aaron",
    "/users?state=no-tools",
    "/users/aaron.abadi@company.example",
    "/users/adele.almeida@company.example",
    "/users/add",
    "/groups",
    "/groups/finance-berlin",
    "/members",
    "/tenants",
    "/tenants/canyon-bank",
    "/servers",
    "/servers/assets",
    "/connections",
    "/connections/canyon-bank/assets",
    "/tools",
    "/tools?q=find",
    "/tools/canyon-bank_assets_find_assets",
    "/grants",
    "/grants?q=canyon",
    "/grants/add",
    "/grants/add?users=*&tenant=canyon-bank&tools=find_*",
    "/grants/0de00004-0000-8000-8000-000000000320",
    "/access",
    "/access?user=aaron.abadi@company.example",
    "/access?user=ada@company.example",
    "/access?user=aaron.abadi@company.example&tool=canyon-bank_assets_find_assets",
    "/access?tool=canyon-bank_assets_find_assets",
    "/audit",
    "/audit?q=outcome:denied",
    "/audit?q=actor:aaron",
    "/audit/{event}",
    "/keys",
    "/providers",
    "/settings",
    "/me",
    "/search?q=be",
];

/// What the demo says when it is ready.
#[derive(Deserialize)]
struct Told {
    url: String,
    admin_link: String,
}

/// How long a page took, and how long it is.
struct Cost {
    median: f64,
    p95: f64,
    kilobytes: f64,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = TempDir::new()?;
    let folder = folder.path().to_str().context("folder")?;
    let arguments = ["demo", "--size", "company", "--json", "--listen", "127.0.0.1:0"];
    let arguments = [&arguments[..], &["--data-dir", folder]].concat();
    let began = Instant::now();
    let (program, line) =
        Program::start(&options.gatehall, &arguments, &[("GATEHALL_LOG", "warn")])?;
    let told: Told = serde_json::from_str(&line)?;
    println!(
        "made and ready after {:.1} s, {:.0} MB resident\n",
        began.elapsed().as_secs_f64(),
        program.resident_megabytes()
    );
    let address: SocketAddr = told.url.trim_start_matches("http://").parse()?;
    let link = told.admin_link.split_once("/sign-in/").context("no link")?.1;
    let path = format!("/sign-in/{link}");
    let head = exchange(address, "POST", &path, "sec-fetch-site: same-origin\r\n").await?;
    let session = cookie(&head, "").with_context(|| format!("no session: {head}"))?;
    let audit = Line::open(address).await?.ask(&request("/audit", &session)).await?.to_vec();
    let event = event(&String::from_utf8_lossy(&audit)).context("no event")?;

    println!("| page | ms | p95 ms | of /health | kB | |");
    println!("|---|---|---|---|---|---|");
    let base = measure(address, BASE, &session).await?;
    print(BASE, &base, base.median);
    for page in PAGES.iter().filter(|page| page.contains(&options.only)) {
        let path = page.replace("{event}", &event);
        match measure(address, &path, &session).await {
            Ok(cost) => print(page, &cost, base.median),
            Err(error) => println!("| {page} | {error:#} | | | | |"),
        }
    }
    println!("\nafter the pages: {:.0} MB resident", program.resident_megabytes());
    Ok(())
}

fn request(path: &str, session: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\ncookie: {session}\r\n\r\n"
    )
    .into_bytes()
}

/// The first event that a page of the audit leads to.
fn event(page: &str) -> Option<String> {
    let mut ids = page.split("href=\"/audit/").skip(1).filter_map(|rest| rest.get(..36));
    ids.find(|id| id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())).map(Into::into)
}

async fn measure(address: SocketAddr, path: &str, session: &str) -> Result<Cost> {
    let request = request(path, session);
    let mut line = Line::open(address).await?;
    let mut took = Vec::with_capacity(ROUNDS);
    let mut bytes = 0;
    for round in 0..WARM_UPS + ROUNDS {
        let began = Instant::now();
        bytes = line.ask(&request).await?.len();
        if round >= WARM_UPS {
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    took.sort_by(f64::total_cmp);
    let (median, p95) = (took[ROUNDS / 2], took[ROUNDS * 95 / 100 - 1]);
    Ok(Cost { median, p95, kilobytes: bytes as f64 / 1000.0 })
}

fn print(page: &str, cost: &Cost, base: f64) {
    let Cost { median, p95, kilobytes } = cost;
    let marks = [(*median > MILLISECONDS, "slow"), (*kilobytes > KILOBYTES, "big")];
    let marks: Vec<&str> = marks.iter().filter(|it| it.0).map(|it| it.1).collect();
    println!(
        "| {page} | {median:.2} | {p95:.2} | {:.0} | {kilobytes:.1} | {} |",
        median / base,
        marks.join(", ")
    );
}
