use std::{sync::Arc, time::Duration};

use gatehall_domain::{Company, Transport, snapshot::Site};
use gatehall_vault::Vault;
use tokio::sync::{Notify, Semaphore};

use super::{
    Upstream,
    breaker::Breaker,
    credentials::{Credentials, Opened, Usable},
    egress::Egress,
    error::UpstreamError,
    http::{HttpLink, Line},
    link::{Broken, Link},
    stdio::{Deaths, Launch, StdioLink},
};
use crate::{GatewaySettings, Tasks};

/// Makes upstreams from records.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    pub(crate) vault: Arc<Vault>,
    pub(crate) egress: Egress,
    pub(crate) tasks: Tasks,
    pub(crate) settings: Arc<GatewaySettings>,
}

impl Builder {
    /// The upstream of a connection. It opens nothing yet.
    pub(crate) fn build(&self, site: &Site, company: &Company) -> Upstream {
        let connection = &site.connection;
        let look_again = Arc::<Notify>::default();
        let limits = connection.limits;
        let call_timeout = limits
            .timeout_seconds
            .map_or(self.settings.call_timeout, |seconds| Duration::from_secs(seconds.into()));
        let concurrent_calls =
            limits.concurrent_calls.map_or(self.settings.concurrent_calls, |calls| calls as usize);
        let credentials = Credentials::new(self.credentials(site, company));
        let link = self.link(site, &credentials, &look_again);
        let link = link.unwrap_or_else(|error| Arc::new(Broken(error)));
        Upstream {
            connection: connection.id,
            name: connection.path.to_string().into(),
            link,
            credentials,
            call_timeout,
            places: Arc::new(Semaphore::new(concurrent_calls)),
            concurrent_calls,
            breaker: Breaker::new(),
            last_error: Default::default(),
            look_again,
            renewed: Notify::new(),
        }
    }

    /// Has an upstream go on with the credentials that its connection has now.
    pub(crate) fn renew(&self, upstream: &Upstream, site: &Site, company: &Company) {
        upstream.renew(self.credentials(site, company));
    }

    /// What is made of the records of a connection's credentials.
    fn credentials(&self, site: &Site, company: &Company) -> Usable {
        let connection = &site.connection;
        let transport = transport(site);
        let credentials = company.credentials.values().filter(|it| it.connection == connection.id);
        let opened = credentials.map(|it| {
            // Records may be older than a rule, and whoever writes to the database knows none.
            let placement = &it.placement;
            transport.takes(placement).map_err(|problem| UpstreamError::Credential {
                placement: placement.to_string(),
                problem,
            })?;
            let secret = self
                .vault
                .open_credential(it)
                .map_err(|problem| UpstreamError::credential(placement, &problem))?;
            Ok((placement, secret))
        });
        let opened = opened.collect::<Result<Vec<_>, UpstreamError>>()?;
        Opened::new(opened).map(Arc::new)
    }

    fn link(
        &self,
        site: &Site,
        credentials: &Arc<Credentials>,
        look_again: &Arc<Notify>,
    ) -> Result<Arc<dyn Link>, UpstreamError> {
        let connection = &site.connection;
        if connection.path.tenant.is_none()
            && site.server.transport.names_tenant(connection.url.as_ref())
        {
            return Err(UpstreamError::NoTenant);
        }
        let credentials = Arc::clone(credentials);
        Ok(match transport(site) {
            // What is spoken at an address is found out by asking, whatever was written down.
            Transport::StreamableHttp { url }
            | Transport::Sse { url }
            | Transport::OpenApi { url } => Arc::new(HttpLink::new(Line {
                egress: self.egress.clone(),
                tasks: self.tasks.clone(),
                places: Line::places(url.url()),
                credentials,
                response_bytes: self.settings.response_bytes,
                open_timeout: self.settings.open_timeout,
                of_one_caller: site.server.stateful,
                look_again: Arc::clone(look_again),
                state: Default::default(),
            })),
            Transport::Stdio { command, arguments, environment, .. } => {
                let line_bytes = self.settings.response_bytes;
                let environment = environment.into_iter();
                let environment = environment.map(|(name, value)| (name, value.into())).collect();
                let of_one_caller = site.server.stateful;
                let died = Deaths::new(Arc::clone(look_again));
                let launch = Launch {
                    command,
                    arguments,
                    connection: connection.id,
                    name: connection.path.to_string().into(),
                    accounts: self.settings.accounts.clone(),
                    environment,
                    credentials,
                    line_bytes,
                    of_one_caller,
                    died,
                    stray_told: Arc::default(),
                };
                let (tasks, open_timeout) = (self.tasks.clone(), self.settings.open_timeout);
                Arc::new(StdioLink::new(launch, tasks, open_timeout))
            }
        })
    }
}

/// How a connection's server is reached.
fn transport(site: &Site) -> Transport {
    let connection = &site.connection;
    site.server.transport.resolve(connection.path.tenant.as_ref(), connection.url.as_ref())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use gatehall_domain::{
        AccessClass, Connection, ConnectionId, Credential, Limits, Placement, Record, SecretSource,
        Server, Snapshot, Tenant, Timestamp,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    /// What becomes of a connection of records that no rule was asked about.
    fn built(path: &str, places: &[&str], argument: &str) -> Result<(), UpstreamError> {
        let connection = Connection {
            id: ConnectionId(uuid::Uuid::nil()),
            path: path.parse().unwrap(),
            url: None,
            limits: Limits::default(),
            enabled: true,
            created_at: NOW,
        };
        let server = Server {
            id: connection.path.server.clone(),
            name: String::new(),
            description: String::new(),
            transport: Transport::Stdio {
                command: "server".into(),
                arguments: vec![argument.into()],
                environment: BTreeMap::from([("PATH".into(), "/bin".into())]),
                credential_variables: BTreeSet::from(["TOKEN".to_owned(), "LD_PRELOAD".into()]),
            },
            access: AccessClass::Granted,
            stateful: false,
            tier: String::new(),
            enabled: true,
            created_at: NOW,
        };
        let tenant = connection.path.tenant.clone().map(|id| Tenant {
            id,
            name: String::new(),
            description: String::new(),
            enabled: true,
            created_at: NOW,
        });
        let vault = Arc::new(Vault::ephemeral().unwrap());
        let credentials = places.iter().map(|place| {
            let placement: Placement = place.parse().unwrap();
            let sealed = vault.seal_credential(connection.id, &placement, &"s3cret".into());
            let secret = SecretSource::Sealed(sealed.unwrap());
            let of = connection.id;
            Credential { connection: of, placement, secret, expires_at: None, created_at: NOW }
        });
        let mut company = Company::default();
        credentials.for_each(|it| company.put(it.into()));
        tenant.into_iter().for_each(|it| company.put(it.into()));
        let id = connection.id;
        [Record::from(server), connection.into()].into_iter().for_each(|it| company.put(it));
        let snapshot = Snapshot::new(1, company);
        let builder = Builder {
            vault: Arc::clone(&vault),
            egress: Egress::new(0),
            tasks: Tasks::new(),
            settings: Arc::default(),
        };
        let site = snapshot.site(id).unwrap();
        let credentials = builder.credentials(site, snapshot.company())?;
        builder.link(site, &Credentials::new(Ok(credentials)), &Arc::default()).map(drop)
    }

    #[tokio::test]
    async fn nothing_is_started_with_what_no_credential_may_fill() {
        assert!(built("google/s", &["environment:TOKEN"], "").is_ok());
        for refused in ["LD_PRELOAD", "ld_preload", "token", "OTHER", "PATH", "BASH_ENV"] {
            let place = format!("environment:{refused}");
            let error = built("google/s", &["environment:TOKEN", &place], "").unwrap_err();
            assert!(error.to_string().contains(&place), "{error}");
        }
        assert!(built("google/s", &["header:x-key"], "").is_err());
    }

    /// What belongs to each tenant must not become what belongs to all.
    #[tokio::test]
    async fn a_place_for_a_tenant_is_filled() {
        assert!(built("google/s", &[], "/data/{tenant}").is_ok());
        assert!(built("s", &[], "/data").is_ok());
        assert!(matches!(built("s", &[], "/data/{tenant}"), Err(UpstreamError::NoTenant)));
    }
}
