use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gatehall_domain::{Company, Credential, Placement, Transport, snapshot::Site};
use gatehall_vault::Vault;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, Semaphore};

use super::{
    Upstream,
    breaker::Breaker,
    egress::Egress,
    error::UpstreamError,
    http::{HttpLink, Line},
    link::{Broken, Link},
    secrets::Secrets,
    stdio::{Deaths, Launch, Secret, StdioLink},
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
        let link = self.link(site, company, &look_again);
        let (link, secrets) =
            link.unwrap_or_else(|error| (Arc::new(Broken(error)), Arc::default()));
        Upstream {
            connection: connection.id,
            name: connection.path.to_string().into(),
            link,
            secrets,
            call_timeout,
            places: Arc::new(Semaphore::new(concurrent_calls)),
            concurrent_calls,
            breaker: Breaker::new(),
            last_error: Default::default(),
            look_again,
        }
    }

    fn link(
        &self,
        site: &Site,
        company: &Company,
        look_again: &Arc<Notify>,
    ) -> Result<(Arc<dyn Link>, Arc<Secrets>), UpstreamError> {
        let connection = &site.connection;
        let transport =
            site.server.transport.resolve(connection.path.tenant.as_ref(), connection.url.as_ref());
        let credentials = company.credentials.values().filter(|it| it.connection == connection.id);
        let credentials: Vec<&Arc<Credential>> = credentials.collect();
        // Records may be older than a rule, and whoever writes to the database knows none.
        for it in &credentials {
            let placement = &it.placement;
            transport.takes(placement).map_err(|problem| UpstreamError::Credential {
                placement: placement.to_string(),
                problem,
            })?;
        }
        if connection.path.tenant.is_none()
            && site.server.transport.names_tenant(connection.url.as_ref())
        {
            return Err(UpstreamError::NoTenant);
        }
        let opened = credentials.iter().map(|it| Ok((&it.placement, self.open(it)?)));
        let opened = opened.collect::<Result<Vec<_>, UpstreamError>>()?;
        let secrets = Arc::new(Secrets::new(opened.iter().map(|it| &it.1)));
        let link: Arc<dyn Link> = match transport {
            // What is spoken at an address is found out by asking, whatever was written down.
            Transport::StreamableHttp { url }
            | Transport::Sse { url }
            | Transport::OpenApi { url } => Arc::new(HttpLink::new(Line {
                egress: self.egress.clone(),
                tasks: self.tasks.clone(),
                places: Line::places(url.url()),
                headers: headers(&opened)?,
                response_bytes: self.settings.response_bytes,
                open_timeout: self.settings.open_timeout,
                of_one_caller: site.server.stateful,
                look_again: Arc::clone(look_again),
                state: Default::default(),
            })),
            Transport::Stdio { command, arguments, environment, .. } => {
                let line_bytes = self.settings.response_bytes;
                let environment = with_credentials(environment, opened);
                let of_one_caller = site.server.stateful;
                let died = Deaths::new(Arc::clone(look_again));
                let launch = Launch {
                    command,
                    arguments,
                    connection: connection.id,
                    name: connection.path.to_string().into(),
                    accounts: self.settings.accounts.clone(),
                    environment,
                    line_bytes,
                    of_one_caller,
                    died,
                    stray_told: Arc::default(),
                    secrets: Arc::clone(&secrets),
                };
                let (tasks, open_timeout) = (self.tasks.clone(), self.settings.open_timeout);
                Arc::new(StdioLink::new(launch, tasks, open_timeout))
            }
        };
        Ok((link, secrets))
    }

    fn open(&self, credential: &Credential) -> Result<SecretString, UpstreamError> {
        self.vault
            .open_credential(credential)
            .map_err(|problem| UpstreamError::credential(&credential.placement, &problem))
    }
}

fn headers(credentials: &[(&Placement, SecretString)]) -> Result<HeaderMap, UpstreamError> {
    let mut headers = HeaderMap::new();
    for (placement, secret) in credentials {
        let Placement::Header { name, scheme } = placement else { continue };
        let unusable = || UpstreamError::Credential {
            placement: placement.to_string(),
            problem: "it holds characters that no header can carry".into(),
        };
        let value = match scheme {
            Some(scheme) => HeaderValue::try_from(format!("{scheme} {}", secret.expose_secret())),
            None => HeaderValue::from_str(secret.expose_secret()),
        };
        let mut value = value.map_err(|_| unusable())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| unusable())?, value);
    }
    Ok(headers)
}

fn with_credentials(
    declared: BTreeMap<String, String>,
    credentials: Vec<(&Placement, SecretString)>,
) -> BTreeMap<String, Secret> {
    let mut environment: BTreeMap<String, Secret> = declared
        .into_iter()
        .map(|(name, value)| (name, Secret(SecretString::from(value))))
        .collect();
    for (placement, secret) in credentials {
        if let Placement::Environment { name } = placement {
            environment.insert(name.clone(), Secret(secret));
        }
    }
    environment
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gatehall_domain::{
        AccessClass, Connection, ConnectionId, Limits, Record, SecretSource, Server, Snapshot,
        Tenant, Timestamp,
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
        builder.link(site, snapshot.company(), &Arc::default()).map(drop)
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
