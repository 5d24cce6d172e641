//! Programs that are measured, and what the system says of them.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// A program under measurement; killed when dropped.
pub(crate) struct Program(Child);

impl Program {
    /// Starts a program and waits for its first line, which tells where it listens.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<(Self, String)> {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped());
        command.envs(variables.iter().copied());
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let out = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok((Self(child), line.trim().to_owned()))
    }

    /// Starts a program that says nothing on its standard output.
    pub(crate) fn start_silently(
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null());
        command.envs(variables.iter().copied());
        Ok(Self(command.spawn().with_context(|| program.display().to_string())?))
    }

    /// Microseconds of processor time so far.
    pub(crate) fn cpu_micros(&self) -> f64 {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<f64> =
            behind.split_whitespace().filter_map(|field| field.parse().ok()).collect();
        // utime and stime, in ticks of a hundredth of a second. The state letter is not a number.
        (fields.get(10).unwrap_or(&0.0) + fields.get(11).unwrap_or(&0.0)) * 10_000.0
    }

    /// Resident memory in megabytes.
    pub(crate) fn resident_megabytes(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that is free now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
