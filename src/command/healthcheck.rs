use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use clap::Args;
use gatehall_identity::within;
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::output;

/// Ask the gate of this machine or container whether it serves: exit code 0 if it does, else 1 and
/// a line that says why not. For containers and supervisors.
#[derive(Debug, Args)]
pub struct HealthcheckOptions {
    /// Address on which the gate listens.
    #[arg(long, env = "GATEHALL_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Seconds until a gate is given up that does not answer.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), default_value = "3")]
    timeout_seconds: u64,
}

/// The largest answer that is read.
const LARGEST: usize = 64 << 10;

/// What is read of the answer.
#[derive(Deserialize)]
struct Report {
    missing: Vec<String>,
}

pub(crate) async fn run(options: HealthcheckOptions) -> Result<ExitCode> {
    let HealthcheckOptions { listen, timeout_seconds } = options;
    ensure!(
        listen.port() != 0,
        "the gate chose its port itself: set GATEHALL_LISTEN to an address with the port"
    );
    let address = within(listen);
    let asked = tokio::time::timeout(Duration::from_secs(timeout_seconds), ask(address));
    let (status, body) = asked.await.map_err(|_| {
        anyhow::anyhow!("the gate at {address} has not answered for {timeout_seconds} s")
    })??;
    let report: Report = serde_json::from_slice(&body)
        .with_context(|| format!("what listens on {address} is no gate: it answers {status}"))?;
    if status != StatusCode::OK {
        bail!("the gate at {address} is not ready: {}", report.missing.join("; "));
    }
    output::text(&format!("the gate at {address} is ready"));
    Ok(ExitCode::SUCCESS)
}

async fn ask(address: SocketAddr) -> Result<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("no gate can be reached at {address}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request =
        Request::get("/ready").header(HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    let no_gate = || format!("what listens on {address} is no gate");
    let answer = async move {
        let (head, body) = sender.send_request(request).await.with_context(no_gate)?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error)).with_context(no_gate)?;
        Ok((head.status, body.to_bytes()))
    };
    // Nothing more is asked after the answer, which ends the connection.
    tokio::join!(answer, connection).0
}
