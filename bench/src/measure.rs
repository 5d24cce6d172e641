//! The run: starts everything, measures, prints the tables.

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use tempfile::TempDir;

use crate::{
    audit, changes,
    company::{self, LARGE, SMALL},
    doors,
    gate::{Gate, call_params, request, serve},
    in_process,
    load::{Line, Shot, fire},
    options::Options,
    process::Program,
    provider::Provider,
    replica,
};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
pub(crate) async fn run(options: Options) -> Result<()> {
    let own = std::env::current_exe()?;
    let (upstream, at) = Program::start(&own, &["upstream", "127.0.0.1:0"], &[])?;
    let upstream_address: SocketAddr = at.parse()?;
    let (proxy, at) =
        Program::start(&own, &["proxy", "127.0.0.1:0", &upstream_address.to_string()], &[])?;
    let proxy_address: SocketAddr = at.parse()?;
    let time = Duration::from_secs(options.seconds);

    println!("{} processors\n", std::thread::available_parallelism()?);
    if options.changes {
        return changes::run(&options, upstream_address, time).await;
    }
    if options.audit {
        return audit::run(&options, upstream_address, time).await;
    }
    if options.doors {
        return doors_of(&options, upstream_address, time).await;
    }
    calls(&options, (&upstream, upstream_address), (&proxy, proxy_address), time).await?;
    if options.calls {
        return Ok(());
    }
    doors_of(&options, upstream_address, time).await?;
    large(&options, upstream_address, time).await
}

/// What the doors cost.
async fn doors_of(options: &Options, upstream: SocketAddr, time: Duration) -> Result<()> {
    let own = std::env::current_exe()?;
    let (bare, at) = Program::start(&own, &["bare", "127.0.0.1:0"], &[])?;
    let provider = Provider::start().await?;
    let gate = Gate::start(options, SMALL, upstream, None).await?;
    let desk = company::desk(gate.folder.path(), &gate.database).await?;
    doors::prepare(&desk, &provider).await?;
    // The gate hears of the provider, and asks it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let session = doors::sign_in(&desk, gate.address).await?;
    doors::checks((&bare, at.parse()?), (&gate.program, gate.address), &session, time).await?;
    let name = "tenant0_server0_tool_1";
    let shot =
        |headers: &[(&str, &str)]| request("tools/call", &call_params(name), Some(name), headers);
    doors::proofs(gate.address, &gate.key, &session, &provider, time, shot).await?;
    doors::crowd(gate.address).await?;
    // The large company, in a store that nobody serves.
    let folder = TempDir::new()?;
    let database = format!("sqlite:{}", folder.path().join("gatehall.db").display());
    let desk = company::desk(folder.path(), &database).await?;
    company::fill(&desk, LARGE, upstream).await?;
    doors::prepare(&desk, &provider).await?;
    in_process::checks(desk.snapshot().await?).await
}

async fn calls(
    options: &Options,
    upstream: (&Program, SocketAddr),
    proxy: (&Program, SocketAddr),
    time: Duration,
) -> Result<()> {
    let gate = Gate::start(options, SMALL, upstream.1, None).await?;
    println!(
        "idle: {:.1} MB resident, ready after {:.2} s\n",
        gate.program.resident_megabytes(),
        gate.ready.as_secs_f64()
    );
    let direct = request("tools/call", &call_params("tool_1"), Some("tool_1"), &[]);
    let name = "tenant0_server0_tool_1";
    let through = gate.shot("tools/call", &call_params(name), Some(name));
    println!("tools/call\n");
    println!(
        "| connections | way | calls/s | of the proxy | p50 \u{b5}s | p99 \u{b5}s | CPU \u{b5}s per call |"
    );
    println!("|---|---|---|---|---|---|---|");
    for connections in CONNECTIONS {
        let mut of_proxy = 0.0;
        for (way, address, request, program) in [
            ("direct", upstream.1, &direct, upstream.0),
            ("bare proxy", proxy.1, &direct, proxy.0),
            ("Gatehall", gate.address, &through, &gate.program),
        ] {
            let shot = Shot { address, requests: vec![request.clone()], anew: false };
            fire(&shot, connections, time / 4).await?;
            let before = program.cpu_micros();
            let result = fire(&shot, connections, time).await?;
            let cpu = (program.cpu_micros() - before) / result.rounds as f64;
            if way == "bare proxy" {
                of_proxy = result.per_second();
            }
            let share = if way == "Gatehall" {
                format!("{:.2}", result.per_second() / of_proxy)
            } else {
                String::new()
            };
            println!(
                "| {connections} | {way} | {:.0} | {share} | {:.0} | {:.0} | {cpu:.1} |",
                result.per_second(),
                result.percentile(0.5),
                result.percentile(0.99),
            );
        }
    }
    println!();
    let session = Shot {
        address: gate.address,
        requests: vec![
            gate.shot("server/discover", "", None),
            gate.shot("tools/list", "", None),
            through,
        ],
        anew: true,
    };
    fire(&session, 16, time / 4).await?;
    let before = gate.program.cpu_micros();
    let result = fire(&session, 16, time).await?;
    let cpu = (gate.program.cpu_micros() - before) / result.rounds as f64;
    println!(
        "connect + discover + list + call, anew each time: {:.0} per second, p50 {:.0} \u{b5}s, p99 {:.0} \u{b5}s, CPU {cpu:.1} \u{b5}s\n",
        result.per_second(),
        result.percentile(0.5),
        result.percentile(0.99),
    );
    Ok(())
}

async fn large(options: &Options, upstream: SocketAddr, time: Duration) -> Result<()> {
    println!(
        "15,000 users, 1,000 groups, 200 tenants, 70 servers, 1,000 connections, 5,000 tools\n"
    );
    let gate = Gate::start(options, LARGE, upstream, options.postgres.as_deref()).await?;
    println!(
        "ready after {:.2} s, {:.1} MB resident",
        gate.ready.as_secs_f64(),
        gate.program.resident_megabytes()
    );
    let list = gate.shot("tools/list", "", None);
    let bytes = Line::open(gate.address).await?.ask(&list).await?.len();
    for connections in [1, 16] {
        let shot = Shot { address: gate.address, requests: vec![list.clone()], anew: false };
        fire(&shot, connections, time / 4).await?;
        let before = gate.program.cpu_micros();
        let result = fire(&shot, connections, time).await?;
        let cpu = (gate.program.cpu_micros() - before) / result.rounds as f64;
        println!(
            "tools/list, 500 tools of 5,000 in reach, {bytes} bytes, {connections} connections: {:.0} per second, p50 {:.0} \u{b5}s, p99 {:.0} \u{b5}s, CPU {cpu:.1} \u{b5}s",
            result.per_second(),
            result.percentile(0.5),
            result.percentile(0.99),
        );
    }
    let name = "tenant7_server35_tool_1";
    let call = Shot {
        address: gate.address,
        requests: vec![gate.shot("tools/call", &call_params(name), Some(name))],
        anew: false,
    };
    fire(&call, 64, time / 4).await?;
    let before = gate.program.cpu_micros();
    let result = fire(&call, 64, time).await?;
    let cpu = (gate.program.cpu_micros() - before) / result.rounds as f64;
    println!(
        "tools/call, 64 connections: {:.0} per second, CPU {cpu:.1} \u{b5}s per call",
        result.per_second()
    );
    println!("after the load: {:.1} MB resident", gate.program.resident_megabytes());

    let second = serve(&options.gatehall, gate.folder.path(), &gate.database, "fast").await?;
    let desk = company::desk(gate.folder.path(), &gate.database).await?;
    let delays = replica::delays(&desk, second.1, &list, 20).await?;
    println!(
        "a membership change acts at another replica ({}) after {:.0} ms (median of 20), {:.0} ms at most",
        desk.store().kind(),
        delays[delays.len() / 2],
        delays[delays.len() - 1],
    );
    Ok(())
}
