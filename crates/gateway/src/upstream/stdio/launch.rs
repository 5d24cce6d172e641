use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use gatehall_domain::ConnectionId;
use secrecy::SecretString;

use super::{account::Accounts, deaths::Deaths};
use crate::upstream::credentials::Credentials;

/// How to start the process.
#[derive(Debug)]
pub(in crate::upstream) struct Launch {
    pub(in crate::upstream) command: String,
    pub(in crate::upstream) arguments: Vec<String>,
    /// Whose process it is.
    pub(in crate::upstream) connection: ConnectionId,
    /// The connection's name, for messages.
    pub(in crate::upstream) name: Arc<str>,
    /// Where the user is found that it runs as.
    pub(in crate::upstream) accounts: Accounts,
    /// What is declared of its environment. Only what its user needs comes before it, and after it
    /// the credentials.
    pub(in crate::upstream) environment: BTreeMap<String, SecretString>,
    pub(in crate::upstream) credentials: Arc<Credentials>,
    pub(in crate::upstream) line_bytes: usize,
    /// Whether each caller gets a process of their own.
    pub(in crate::upstream) of_one_caller: bool,
    /// Where it is told that a process ended by itself.
    pub(in crate::upstream) died: Arc<Deaths>,
    /// Whether it was told that its processes write what is no message.
    pub(in crate::upstream) stray_told: Arc<AtomicBool>,
}
