//! A company with its gate, upstreams that record what reaches them, and clients.

mod chat;
mod client;
mod forgetful;
pub(crate) mod open_webui;
mod program;
mod rascal;
mod recorder;
mod scripted;
mod told;
mod world;

pub(crate) use chat::{acting_for, signed, signed_as, told};
pub(crate) use client::{Answer, Client, modern_params};
pub(crate) use forgetful::{Forgetful, Form, RETRY, Saying};
pub(crate) use program::{Program, free_port};
pub(crate) use rascal::{Rascal, Whim};
pub(crate) use recorder::Recorder;
pub(crate) use scripted::Scripted;
pub(crate) use told::{Reply, Told, welcome};
pub(crate) use world::{SECRET, World};

/// A caller-chosen wait for something that has to happen soon.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "{what}: it never happened");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
