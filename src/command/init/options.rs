use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gatehall_compose_folder::secret_files;
use secrecy::SecretString;

/// What may be said beforehand. Everything else is asked, or stands in .env and secrets/ already.
#[derive(Debug, Args)]
pub(super) struct ComposeOptions {
    /// Folder of the deployment. Made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) folder: PathBuf,

    /// Domain below which everything lives, such as example.org: app.example.org,
    /// mcp.example.org, admin.example.org.
    #[arg(long, env = "GATEHALL_DOMAIN", value_name = "DOMAIN")]
    pub(super) domain: Option<String>,

    /// Address of the first administrator, as the provider says it.
    #[arg(long, env = "GATEHALL_ADMIN_EMAIL", value_name = "EMAIL")]
    pub(super) admin_email: Option<String>,

    /// Domains of the people's addresses, separated by commas.
    #[arg(long, env = "GATEHALL_PEOPLE_DOMAINS", value_name = "DOMAINS")]
    pub(super) people_domains: Option<String>,

    /// Address to which the authority of the certificates writes.
    #[arg(long, env = "GATEHALL_ACME_EMAIL", value_name = "EMAIL")]
    pub(super) acme_email: Option<String>,

    /// Where people sign in.
    #[arg(long, env = "GATEHALL_PROVIDER", value_name = "WHICH")]
    pub(super) provider: Option<ProviderChoice>,

    /// Issuer, exactly as the provider's metadata says it. For Entra ID the directory's id will do.
    #[arg(long, env = "GATEHALL_PROVIDER_ISSUER", value_name = "URL")]
    pub(super) provider_issuer: Option<String>,

    /// Id of the gate at the provider.
    #[arg(long, env = "GATEHALL_PROVIDER_CLIENT_ID", value_name = "ID")]
    pub(super) provider_client_id: Option<String>,

    /// Secret of the gate at the provider.
    #[arg(
        long,
        env = "GATEHALL_PROVIDER_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub(super) provider_client_secret: Option<SecretString>,

    /// File with that secret.
    #[arg(long, env = "GATEHALL_PROVIDER_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(super) provider_client_secret_file: Option<PathBuf>,

    /// Address of an OpenAI-compatible model endpoint. [default: https://api.openai.com/v1]
    #[arg(long, env = "GATEHALL_OPENAI_API_BASE_URL", value_name = "URL")]
    pub(super) openai_api_base_url: Option<String>,

    /// Key of the model endpoint; none where it asks for no key.
    #[arg(long, env = "GATEHALL_OPENAI_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub(super) openai_api_key: Option<SecretString>,

    /// File with that key.
    #[arg(long, env = "GATEHALL_OPENAI_API_KEY_FILE", value_name = "FILE")]
    pub(super) openai_api_key_file: Option<PathBuf>,

    /// Model that new chats have, by its id at the endpoint.
    #[arg(long, env = "GATEHALL_DEFAULT_MODEL", value_name = "MODEL")]
    pub(super) default_model: Option<String>,

    /// Replace this secret of secrets/ by a new one, and say what that takes.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = clap::builder::PossibleValuesParser::new(secret_files::names())
    )]
    pub(super) rotate: Option<String>,
}

/// Where people sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProviderChoice {
    /// Authentik of this deployment, at auth.DOMAIN.
    AuthentikHere,
    /// Microsoft Entra ID.
    Entra,
    /// An Authentik elsewhere.
    Authentik,
    /// Another OpenID provider.
    Generic,
}

impl ProviderChoice {
    /// The gate's word for its kind.
    pub(super) const fn profile(self) -> &'static str {
        match self {
            Self::AuthentikHere | Self::Authentik => "authentik",
            Self::Entra => "entra",
            Self::Generic => "generic",
        }
    }
}
