use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use anyhow::{Result, bail, ensure};
use clap::Args;
use gatehall_domain::{ProviderId, email_domains, is_safe};
use gatehall_identity::{
    DoorSettings, ForwardedUser, LimitSettings, Newcomers, OpenWebUi, SessionLimits,
};
use gatehall_vault::weakness;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::secrets::told;

/// Who comes in, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Doors")]
pub struct DoorOptions {
    /// Address under which browsers and clients know the gate, such as https://gate.example.com.
    /// Signing in needs it. [default: http://localhost with the port, when listening on loopback]
    #[arg(long, env = "GATEHALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<Url>,

    /// Address under which clients reach the tools, where that is another, such as
    /// https://mcp.example.com. It is what the metadata of the protected resource says, and pages.
    /// [default: that of GATEHALL_PUBLIC_URL]
    #[arg(long, env = "GATEHALL_CLIENT_URL", value_name = "URL", value_parser = public_url)]
    pub client_url: Option<Url>,

    /// Domain whose hosts share a sign-in, such as example.com, for ForwardAuth. [default: the
    /// gate's host alone]
    #[arg(long, env = "GATEHALL_COOKIE_DOMAIN", value_name = "DOMAIN", value_parser = cookie_domain)]
    pub cookie_domain: Option<String>,

    /// Networks of the proxies in front, separated by commas: they may ask for ForwardAuth, and
    /// their X-Forwarded-For is believed. [default: none]
    #[arg(
        long,
        env = "GATEHALL_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_parser = networks,
        default_value = "",
        hide_default_value = true
    )]
    pub trusted_proxies: Networks,

    /// Minutes after which an unused sign-in ends.
    #[arg(long, env = "GATEHALL_SESSION_IDLE_MINUTES", value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(5..), default_value = "120")]
    pub session_idle_minutes: u32,

    /// Hours after which every sign-in ends.
    #[arg(long, env = "GATEHALL_SESSION_HOURS", value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=720), default_value = "12")]
    pub session_hours: u32,

    /// Calls of tools that one user may make within a minute; 0 for no limit.
    #[arg(
        long,
        env = "GATEHALL_USER_CALLS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "100"
    )]
    pub user_calls_per_minute: u32,

    /// Calls of one tenant's tools within a minute; 0 for no limit.
    #[arg(
        long,
        env = "GATEHALL_TENANT_CALLS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "0"
    )]
    pub tenant_calls_per_minute: u32,

    /// Calls of one connection's tools within a minute; 0 for no limit.
    #[arg(
        long,
        env = "GATEHALL_CONNECTION_CALLS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "0"
    )]
    pub connection_calls_per_minute: u32,

    /// Requests without a good proof that one address may make within a minute; 0 for no limit.
    #[arg(
        long,
        env = "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE",
        value_name = "COUNT",
        default_value = "1000"
    )]
    pub unproven_requests_per_minute: u32,

    /// Steps of sign-ins that one address or account may take within a minute; 0 for no limit.
    #[arg(long, env = "GATEHALL_SIGN_INS_PER_MINUTE", value_name = "COUNT", default_value = "60")]
    pub sign_ins_per_minute: u32,

    /// Domains about whose addresses Open WebUI is believed, separated by commas: an account there
    /// with an address of one of them becomes the user of that address. List only domains whose
    /// addresses it verifies itself, by its own sign-in. Accounts that are bound already stay.
    /// [default: none]
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_DOMAINS",
        value_name = "DOMAINS",
        value_parser = domains,
        default_value = "",
        hide_default_value = true
    )]
    pub open_webui_domains: Domains,

    /// Also let Open WebUI's word about an address make an account an administrator's or a tenant
    /// admin's. Without, somebody binds it: gatehall user change EMAIL --bind open-webui=ID.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_BINDS_ADMINS", value_name = "YES", default_value = "false", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub open_webui_binds_admins: bool,

    /// TOML file with several Open WebUIs: a table for each, whose name is open-webui or begins
    /// with open-webui- and is the provider of its accounts, with secret or secret_file, domains
    /// and binds_admins, and url, admin_token_file or admin_email, trusted_header and follow.
    /// GATEHALL_OPEN_WEBUI_SECRET, GATEHALL_OPEN_WEBUI_DOMAINS and the like are for one called
    /// open-webui. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUIS", value_name = "FILE")]
    pub open_webuis: Option<PathBuf>,

    /// For a migration: networks of proxies that sign users in by themselves and may say who it is
    /// in X-Forwarded-User, at /auth/forwarded-user. Needs one of the two below. [default: none]
    #[arg(
        long,
        env = "GATEHALL_FORWARDED_USER_PROXIES",
        value_name = "NETWORKS",
        value_parser = networks,
        default_value = "",
        hide_default_value = true
    )]
    pub forwarded_user_proxies: Networks,

    /// For a migration: secret that such a proxy has to send in X-Gatehall-Proxy-Secret.
    #[arg(
        long,
        env = "GATEHALL_FORWARDED_USER_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub forwarded_user_secret: Option<SecretString>,

    /// For a migration: file with that secret, in place of --forwarded-user-secret. [default: none]
    #[arg(long, env = "GATEHALL_FORWARDED_USER_SECRET_FILE", value_name = "FILE")]
    pub forwarded_user_secret_file: Option<PathBuf>,

    /// For a migration: provider whose ID token such a proxy has to send in X-Auth-Request-Token.
    #[arg(long, env = "GATEHALL_FORWARDED_USER_PROVIDER", value_name = "PROVIDER")]
    pub forwarded_user_provider: Option<ProviderId>,
}

impl DoorOptions {
    /// The address under which browsers know a gate that listens here: the one that is set, or this
    /// machine's own.
    pub fn public_url(&self, listen: SocketAddr) -> Option<Url> {
        let local = || Url::parse(&format!("http://localhost:{}", listen.port())).ok();
        let local = listen.ip().is_loopback().then(local).flatten();
        self.public_url.clone().or(local)
    }

    /// The settings of the doors, for a gate that listens here.
    ///
    /// # Errors
    /// If settings do not fit each other.
    pub fn settings(
        &self,
        listen: SocketAddr,
        open_webuis: Vec<OpenWebUi>,
        add_unknown_users: Newcomers,
    ) -> Result<DoorSettings> {
        let public_url = self.public_url(listen);
        if let (Some(domain), Some(url)) = (&self.cookie_domain, &public_url) {
            let host = url.host_str().unwrap_or_default();
            let below = host == domain || host.ends_with(&format!(".{domain}"));
            ensure!(
                below,
                "GATEHALL_COOKIE_DOMAIN is {domain}, but the host of GATEHALL_PUBLIC_URL is {host}: \
                 choose a domain above it"
            );
        }
        Ok(DoorSettings {
            open_webuis,
            add_unknown_users,
            public_url,
            client_url: self.client_url.clone(),
            cookie_domain: self.cookie_domain.clone(),
            trusted_proxies: self.trusted_proxies.0.clone(),
            sessions: SessionLimits {
                idle_seconds: i64::from(self.session_idle_minutes) * 60,
                life_seconds: i64::from(self.session_hours) * 3600,
            },
            limits: LimitSettings {
                user_calls: self.user_calls_per_minute,
                tenant_calls: self.tenant_calls_per_minute,
                connection_calls: self.connection_calls_per_minute,
                unproven: self.unproven_requests_per_minute,
                sign_ins: self.sign_ins_per_minute,
            },
            forwarded_user: self.forwarded_user()?,
        })
    }

    fn forwarded_user(&self) -> Result<Option<ForwardedUser>> {
        if self.forwarded_user_proxies.0.is_empty() {
            return Ok(None);
        }
        let secret = told(
            "GATEHALL_FORWARDED_USER_SECRET",
            self.forwarded_user_secret.as_ref(),
            self.forwarded_user_secret_file.as_deref(),
        )?;
        ensure!(
            secret.is_some() || self.forwarded_user_provider.is_some(),
            "GATEHALL_FORWARDED_USER_PROXIES alone would believe whoever gets past a proxy: also \
             set GATEHALL_FORWARDED_USER_SECRET or GATEHALL_FORWARDED_USER_PROVIDER"
        );
        if let Some(told) = &secret
            && let Some(problem) = weakness(told.secret.expose_secret())
        {
            bail!("the secret of {} {problem}", told.place);
        }
        Ok(Some(ForwardedUser {
            peers: self.forwarded_user_proxies.0.clone(),
            secret: secret.map(|told| told.secret),
            provider: self.forwarded_user_provider.clone(),
        }))
    }
}

pub(crate) fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("must be a scheme, a host and perhaps a port, and nothing behind them".into());
    }
    if !is_safe(&url) {
        return Err(
            "must begin with https:// (http:// is for this machine alone), since browsers \
                    keep the sign-in only then"
                .into(),
        );
    }
    Ok(url)
}

fn cookie_domain(text: &str) -> Result<String, String> {
    let domain = text.trim_start_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if !domain.contains('.') || !domain.split('.').all(label) {
        return Err("must be a domain like example.com".into());
    }
    Ok(domain)
}

/// Domains of addresses.
#[derive(Debug, Clone, Default)]
pub struct Domains(pub Vec<String>);

/// Domains, separated by commas; nothing at all is none.
pub(crate) fn domains(text: &str) -> Result<Domains, String> {
    email_domains(text).map(Domains)
}

/// Networks of machines.
#[derive(Debug, Clone, Default)]
pub struct Networks(pub Vec<IpNet>);

/// Networks or single addresses, separated by commas; nothing at all is none.
fn networks(text: &str) -> Result<Networks, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let network = |part: &str| {
        let one = part.parse().map(|address: IpAddr| IpNet::from(address));
        let network: IpNet = part
            .parse()
            .or(one)
            .map_err(|_| format!("\"{part}\" is not like 10.0.0.0/8 or 192.0.2.1"))?;
        match network.prefix_len() {
            0 => Err(format!("\"{part}\" is everybody: list the proxies' own networks")),
            _ => Ok(network),
        }
    };
    parts.map(network).collect::<Result<_, _>>().map(Networks)
}
