//! A client that costs little: HTTP/1.1 written by hand, one request after the other on each
//! connection.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What is sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) address: SocketAddr,
    /// Whole requests, sent one after the other; each waits for its answer.
    pub(crate) requests: Vec<Vec<u8>>,
    /// Whether each round has a connection of its own.
    pub(crate) anew: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Result_ {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    /// Microseconds of each round, sorted.
    latencies: Vec<u32>,
}

impl Result_ {
    pub(crate) fn per_second(&self) -> f64 {
        self.rounds as f64 / self.seconds
    }

    /// The latency in microseconds that this share of the rounds stays below.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let at = ((self.latencies.len() as f64 - 1.0) * share).round() as usize;
        self.latencies.get(at).copied().unwrap_or(0).into()
    }
}

/// A POST with these headers and body.
pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Sends from `connections` connections for `time`.
pub(crate) async fn fire(shot: &Shot, connections: usize, time: Duration) -> Result<Result_> {
    let meanwhile = async {
        tokio::time::sleep(time).await;
        Ok(())
    };
    fire_during(shot, connections, meanwhile).await
}

/// Sends from `connections` connections until something else is done.
pub(crate) async fn fire_during(
    shot: &Shot,
    connections: usize,
    meanwhile: impl Future<Output = Result<()>>,
) -> Result<Result_> {
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let tasks: Vec<_> =
        (0..connections).map(|_| tokio::spawn(one(shot.clone(), Arc::clone(&stop)))).collect();
    let done = meanwhile.await;
    stop.store(true, Ordering::Relaxed);
    let mut result = Result_::default();
    for task in tasks {
        result.latencies.extend(task.await??);
    }
    done?;
    result.seconds = began.elapsed().as_secs_f64();
    result.rounds = result.latencies.len();
    result.latencies.sort_unstable();
    Ok(result)
}

async fn one(shot: Shot, stop: Arc<AtomicBool>) -> Result<Vec<u32>> {
    let mut latencies = Vec::new();
    let mut line = Line::open(shot.address).await?;
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        if shot.anew {
            line = Line::open(shot.address).await?;
        }
        for request in &shot.requests {
            line.ask(request).await?;
        }
        latencies.push(began.elapsed().as_micros() as u32);
    }
    Ok(latencies)
}

/// A connection.
pub(crate) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and waits for its whole answer, whose body it gives.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            let Some(head) = find(&self.buffer, b"\r\n\r\n") else { continue };
            let length = content_length(&self.buffer[..head]);
            while self.buffer.len() < head + 4 + length {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    bail!("the server closed the connection in an answer");
                }
            }
            if !self.buffer.starts_with(b"HTTP/1.1 20") {
                bail!("{}", String::from_utf8_lossy(&self.buffer[..self.buffer.len().min(400)]));
            }
            return Ok(&self.buffer[head + 4..head + 4 + length]);
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}
