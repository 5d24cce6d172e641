use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gatehall_domain::{Company, Credential, Placement, Transport, snapshot::Site};
use gatehall_vault::Vault;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, Semaphore};

use super::{
    Breaker, Egress, Link, Upstream, UpstreamError,
    http::HttpLink,
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
        Upstream {
            connection: connection.id,
            name: connection.path.to_string().into(),
            link: self.link(site, company, &look_again).unwrap_or_else(Link::Broken),
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
    ) -> Result<Link, UpstreamError> {
        let connection = &site.connection;
        let transport =
            site.server.transport.resolve(connection.path.tenant.as_ref(), connection.url.as_ref());
        let credentials = company.credentials.values().filter(|it| it.connection == connection.id);
        let credentials = credentials.map(AsRef::as_ref);
        match transport {
            // What is spoken at an address is found out by asking, whatever was written down.
            Transport::StreamableHttp { url }
            | Transport::Sse { url }
            | Transport::OpenApi { url } => Ok(Link::Http(HttpLink::new(
                self.egress.clone(),
                self.tasks.clone(),
                url.url(),
                self.headers(credentials)?,
                site.server.stateful,
                self.settings.response_bytes,
                self.settings.open_timeout,
            ))),
            Transport::Stdio { command, arguments, environment } => {
                let line_bytes = self.settings.response_bytes;
                let environment = self.environment(environment, credentials)?;
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
                };
                let (tasks, open_timeout) = (self.tasks.clone(), self.settings.open_timeout);
                Ok(Link::Stdio(StdioLink::new(launch, tasks, open_timeout)))
            }
        }
    }

    fn headers<'c>(
        &self,
        credentials: impl Iterator<Item = &'c Credential>,
    ) -> Result<HeaderMap, UpstreamError> {
        let mut headers = HeaderMap::new();
        for credential in credentials {
            let Placement::Header { name, scheme } = &credential.placement else { continue };
            let secret = self.open(credential)?;
            let unusable = || UpstreamError::Credential {
                placement: credential.placement.to_string(),
                problem: "it holds characters that no header can carry".into(),
            };
            let value = match scheme {
                Some(scheme) => {
                    HeaderValue::try_from(format!("{scheme} {}", secret.expose_secret()))
                }
                None => HeaderValue::from_str(secret.expose_secret()),
            };
            let mut value = value.map_err(|_| unusable())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| unusable())?, value);
        }
        Ok(headers)
    }

    fn environment<'c>(
        &self,
        declared: BTreeMap<String, String>,
        credentials: impl Iterator<Item = &'c Credential>,
    ) -> Result<BTreeMap<String, Secret>, UpstreamError> {
        let mut environment: BTreeMap<String, Secret> = declared
            .into_iter()
            .map(|(name, value)| (name, Secret(SecretString::from(value))))
            .collect();
        for credential in credentials {
            if let Placement::Environment { name } = &credential.placement {
                environment.insert(name.clone(), Secret(self.open(credential)?));
            }
        }
        Ok(environment)
    }

    fn open(&self, credential: &Credential) -> Result<SecretString, UpstreamError> {
        self.vault
            .open_credential(credential)
            .map_err(|problem| UpstreamError::credential(&credential.placement, &problem))
    }
}
