use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use gatehall_test_support::{everything, program, tool};

use super::eventually;

/// A program that serves HTTP, ended when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) url: String,
}

impl Program {
    /// The reference server with tools of every kind, over Streamable HTTP.
    pub(crate) async fn everything(port: u16) -> Self {
        Self::everything_as("streamableHttp", port).await
    }

    /// The same over another transport.
    pub(crate) async fn everything_as(transport: &str, port: u16) -> Self {
        let arguments = [everything().display().to_string(), transport.to_owned()];
        Self::start(&program("node"), &arguments, port).await
    }

    /// A server in Go that takes members in any letter case, and counts what it runs.
    pub(crate) async fn loose(era: &str, port: u16) -> Self {
        Self::start(&tool("loose/server"), &[era.to_owned(), "http".to_owned()], port).await
    }

    /// Starts a program that listens on the port its environment says, and waits until it does.
    pub(crate) async fn start(command: &Path, arguments: &[String], port: u16) -> Self {
        let child = Command::new(command)
            .args(arguments)
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("the program listens", async || {
            tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()
        })
        .await;
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
