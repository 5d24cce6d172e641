//! The database, as somebody who is connected to it sees it.

use std::net::IpAddr;

use gatehall_domain::Finding;

use crate::senses::Senses;

/// What is known of a database.
#[derive(Debug)]
pub struct Database {
    /// What it is, in words, such as `PostgreSQL 17.2`.
    pub kind: String,
    /// The host on which it is; none where it is a file, or a socket of this machine.
    pub host: Option<String>,
    /// Whether what is said to it is encrypted; none where nobody could listen, or it is not known.
    pub encrypted: Option<bool>,
    /// Milliseconds until it answered.
    pub milliseconds: u64,
}

/// What is to be said of it.
pub async fn database(it: &Database, senses: &Senses) -> Vec<Finding> {
    const NAME: &str = "database";
    let mut report = Vec::new();
    let answers = format!("{} answered in {} ms", it.kind, it.milliseconds);
    let Some(host) = &it.host else {
        report.push(Finding::good(NAME, format!("{answers}, on this machine")));
        return report;
    };
    if it.encrypted == Some(true) {
        report.push(Finding::good(NAME, format!("{answers}, with TLS")));
        return report;
    }
    let public = |all: &[IpAddr]| all.iter().any(|it| (senses.is_public)(*it));
    match (senses.addresses(host).await, it.encrypted) {
        (Ok(all), Some(_)) if public(&all) => report.push(Finding::bad(
            NAME,
            format!("{answers}, over the internet and without TLS: {host} is a public address"),
            "add ?sslmode=verify-full to GATEHALL_DATABASE, or use a private network",
        )),
        (Ok(all), Some(_)) if !all.is_empty() => {
            report
                .push(Finding::good(NAME, format!("{answers}, without TLS in a private network")));
        }
        _ => report.push(Finding::unknown(
            NAME,
            format!("{answers}; whether everybody on the way could listen cannot be seen"),
            "add ?sslmode=verify-full to GATEHALL_DATABASE unless it is in a private network",
        )),
    }
    report
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Clock, Health, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_database_that_everybody_could_listen_to_is_bad() {
        let senses = Senses::system(Clock::new(|| Timestamp::from_micros(0)));
        let state = async |host: Option<&str>, encrypted| {
            let host = host.map(str::to_owned);
            let it = Database { kind: "PostgreSQL 17".into(), host, encrypted, milliseconds: 1 };
            database(&it, &senses).await.remove(0).state
        };
        assert_eq!(state(None, None).await, Health::Good);
        assert_eq!(state(Some("8.8.8.8"), Some(true)).await, Health::Good);
        assert_eq!(state(Some("8.8.8.8"), Some(false)).await, Health::Bad);
        assert_eq!(state(Some("172.20.0.3"), Some(false)).await, Health::Good);
        assert_eq!(state(Some("172.20.0.3"), None).await, Health::Unknown);
    }
}
