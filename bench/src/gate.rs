//! Gatehall, started for a measurement.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{
    company::{self, Size},
    load::{Line, post},
    options::Options,
    process::{Program, free_address},
};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// Gatehall with a company in it.
pub(crate) struct Gate {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) ready: Duration,
    pub(crate) folder: TempDir,
    pub(crate) database: String,
}

impl Gate {
    pub(crate) async fn start(
        options: &Options,
        size: Size,
        upstream: SocketAddr,
        database: Option<&str>,
    ) -> Result<Self> {
        Self::start_with(options, size, upstream, database, "fast").await
    }

    /// Starts one that keeps its audit in this way.
    pub(crate) async fn start_with(
        options: &Options,
        size: Size,
        upstream: SocketAddr,
        database: Option<&str>,
        audit: &str,
    ) -> Result<Self> {
        let folder = TempDir::new()?;
        let sqlite = format!("sqlite:{}", folder.path().join("gatehall.db").display());
        let database = database.unwrap_or(&sqlite).to_owned();
        let desk = company::desk(folder.path(), &database).await?;
        let began = Instant::now();
        let key = company::fill(&desk, size, upstream).await?;
        if size.users > 1 {
            println!("import of the company: {:.1} s", began.elapsed().as_secs_f64());
        }
        desk.store().close().await;
        let (program, address, ready) =
            serve(&options.gatehall, folder.path(), &database, audit).await?;
        Ok(Self { program, address, key, ready, folder, database })
    }

    /// A call of a tool.
    pub(crate) fn call(&self) -> Vec<u8> {
        let name = "tenant0_server0_tool_1";
        self.shot("tools/call", &call_params(name), Some(name))
    }

    pub(crate) fn shot(&self, method: &str, params: &str, name: Option<&str>) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.key);
        request(method, params, name, &[("authorization", &bearer)])
    }
}

pub(crate) async fn serve(
    program: &Path,
    folder: &Path,
    database: &str,
    audit: &str,
) -> Result<(Program, SocketAddr, Duration)> {
    let address = free_address()?;
    let began = Instant::now();
    let variables = [
        ("GATEHALL_DATA_DIR", folder.to_str().context("folder")?),
        ("GATEHALL_DATABASE", database),
        ("GATEHALL_LISTEN", &address.to_string()),
        ("GATEHALL_LOG", "warn"),
        ("GATEHALL_AUDIT", audit),
        ("GATEHALL_USER_CALLS_PER_MINUTE", "0"),
        ("GATEHALL_SIGN_INS_PER_MINUTE", "0"),
        ("GATEHALL_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let program = Program::start_silently(program, &["serve"], &variables)?;
    let ready = b"GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n";
    loop {
        if let Ok(mut line) = Line::open(address).await
            && line.ask(ready).await.is_ok()
        {
            return Ok((program, address, began.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn request(
    method: &str,
    params: &str,
    name: Option<&str>,
    more: &[(&str, &str)],
) -> Vec<u8> {
    let comma = if params.is_empty() { "" } else { "," };
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{comma}{META}}}}}"#
    );
    let mut headers = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
    headers.extend(name.map(|name| ("mcp-name", name)));
    headers.extend(more);
    post("/mcp", &headers, &body)
}

pub(crate) fn call_params(name: &str) -> String {
    format!(r#""name":"{name}","arguments":{{"query":"all the words","limit":10}}"#)
}
