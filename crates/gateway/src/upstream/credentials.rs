//! The credentials of a connection, opened: what a call is made with.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use gatehall_domain::{Placement, UserId};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{error::UpstreamError, secrets::Secrets};

/// Tells credentials from all others. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity(u64);

impl Identity {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Credentials that can be used.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) identity: Identity,
    /// Those that go in headers.
    pub(super) headers: HeaderMap,
    /// Those that go in a process's environment.
    pub(super) environment: BTreeMap<String, SecretString>,
    /// All of them.
    values: Vec<SecretString>,
}

impl Opened {
    /// Credentials in the places where they go.
    ///
    /// # Errors
    /// If one cannot go there.
    pub(super) fn new(placed: Vec<(&Placement, SecretString)>) -> Result<Self, UpstreamError> {
        let (mut headers, mut environment) = (HeaderMap::new(), BTreeMap::new());
        for (placement, secret) in &placed {
            match placement {
                Placement::Header { name, scheme } => {
                    let unusable = || UpstreamError::Credential {
                        placement: placement.to_string(),
                        problem: "it holds characters that no header can carry".into(),
                    };
                    let name = HeaderName::try_from(name).map_err(|_| unusable())?;
                    let value = value(scheme.as_deref(), secret).ok_or_else(unusable)?;
                    headers.insert(name, value);
                }
                Placement::Environment { name } => {
                    environment.insert(name.clone(), secret.clone());
                }
            }
        }
        let values = placed.into_iter().map(|(_, secret)| secret).collect();
        Ok(Self { identity: Identity::next(), headers, environment, values })
    }
}

fn value(scheme: Option<&str>, secret: &SecretString) -> Option<HeaderValue> {
    let value = match scheme {
        Some(scheme) => HeaderValue::try_from(format!("{scheme} {}", secret.expose_secret())),
        None => HeaderValue::from_str(secret.expose_secret()),
    };
    let mut value = value.ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The credentials that count now, or why there are none that can be used.
pub(super) type Usable = Result<Arc<Opened>, UpstreamError>;

/// What a connection's calls are made with. It may change while the connection is served.
#[derive(Debug)]
pub(super) struct Credentials {
    now: ArcSwap<Usable>,
    /// What nothing may show that was told with them.
    secrets: ArcSwap<Secrets>,
}

impl Credentials {
    pub(super) fn new(usable: Usable) -> Arc<Self> {
        let secrets = Secrets::new(values(&usable));
        Arc::new(Self {
            now: ArcSwap::from_pointee(usable),
            secrets: ArcSwap::from_pointee(secrets),
        })
    }

    /// What a call of this user is made with, or a request of the gate's own. All have the same,
    /// which is ready.
    ///
    /// # Errors
    /// If it cannot be used.
    pub(super) async fn of(&self, _user: Option<UserId>) -> Usable {
        Usable::clone(&self.now.load())
    }

    /// From here on these count.
    pub(super) fn replace(&self, usable: Usable) {
        let before = self.now.load_full();
        // Answers to what was asked with those before may still come.
        self.secrets.store(Arc::new(Secrets::new(values(&usable).chain(values(&before)))));
        self.now.store(Arc::new(usable));
    }

    /// What nothing may show that is told now.
    pub(super) fn secrets(&self) -> Arc<Secrets> {
        self.secrets.load_full()
    }
}

fn values(usable: &Usable) -> impl Iterator<Item = &SecretString> {
    usable.iter().flat_map(|opened| &opened.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_told_with_the_credentials_before_is_quoted_without_them() {
        let opened = |secret: &str| {
            let placement = Placement::bearer();
            Opened::new(vec![(&placement, SecretString::from(secret))]).map(Arc::new)
        };
        let credentials = Credentials::new(opened("first-4711"));
        let first = credentials.of(None).await.unwrap();
        credentials.replace(opened("second-0815"));
        let second = credentials.of(None).await.unwrap();
        assert!(first.identity < second.identity);
        assert_eq!(second.headers["authorization"], "Bearer second-0815");
        let text = "neither first-4711 nor second-0815";
        assert_eq!(credentials.secrets().quote(text), "neither [secret] nor [secret]");
        let unusable = UpstreamError::Credential { placement: String::new(), problem: "?".into() };
        credentials.replace(Err(unusable));
        assert!(credentials.of(None).await.is_err());
        assert_eq!(credentials.secrets().quote("second-0815"), "[secret]");
    }
}
