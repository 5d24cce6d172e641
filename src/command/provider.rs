use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::provider::{NewMapping, ProviderEdit, add, change, find, mapping},
    show,
};
use gatehall_domain::{Change, GroupName, Issuer, Profile, ProviderId};

use super::{
    remove,
    secret::{SecretArgument, remind},
};
use crate::{
    office::Office,
    output::{Format, Table, done, json, text, yes},
    settings::StoreSettings,
};

/// OpenID providers with which people sign in, and what their claims mean here.
#[derive(Debug, Args)]
pub struct ProviderCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all providers.
    List(Format),
    /// Show one provider and its claim mappings.
    Show {
        /// Id.
        id: ProviderId,
        #[command(flatten)]
        format: Format,
    },
    /// Add a provider.
    Add {
        /// Id. It stands in the redirect URI and at memberships.
        id: ProviderId,
        #[command(flatten)]
        fields: Box<Fields>,
    },
    /// Change a provider. What is not named stays.
    Change {
        /// Id.
        id: ProviderId,
        #[command(flatten)]
        fields: Box<Fields>,
    },
    /// Remove a provider.
    Remove {
        /// Id.
        id: ProviderId,
        /// Also remove its claim mappings, and the memberships it gave.
        #[arg(long)]
        cascade: bool,
    },
    /// Put everybody for whom a claim has a value into a group, from their next sign-in on.
    Map {
        #[command(flatten)]
        mapping: MappingFields,
    },
    /// Remove such a mapping.
    Unmap {
        #[command(flatten)]
        mapping: MappingFields,
    },
}

#[derive(Debug, Args)]
struct Fields {
    /// Name to show on the button.
    #[arg(long)]
    name: Option<String>,
    /// What kind it is: entra, authentik or generic. [default: generic]
    #[arg(long)]
    profile: Option<Profile>,
    /// Issuer, exactly as the provider's metadata says it.
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    /// Id of this gate at the provider.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Secret of this gate at the provider: stdin, file:PATH, or env:NAME for a variable that the
    /// gateway reads when it needs it.
    #[arg(long, value_name = "SOURCE")]
    client_secret: Option<SecretArgument>,
    /// Whether people can sign in with it.
    #[arg(long)]
    enabled: Option<bool>,
    /// Scope to ask for. May be repeated, as all that follow; "" empties a list. [default: openid,
    /// profile, email]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Entra ID: directory whose users may come. May be repeated.
    #[arg(long = "tenant-id", value_name = "GUID")]
    tenant_ids: Vec<String>,
    /// Domain of e-mail addresses for which the provider is authoritative. May be repeated.
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// Take its addresses as verified although it does not say so (Authentik does not).
    #[arg(long, value_name = "YES")]
    trust_email: Option<bool>,
    /// Add users who are unknown here. [default: true]
    #[arg(long, value_name = "YES")]
    add_users: Option<bool>,
    /// Let people sign in with it; without, only its access tokens are taken. [default: true]
    #[arg(long, value_name = "YES")]
    sign_in: Option<bool>,
    /// Take a claim that is missing at a sign-in as an empty list (Keycloak leaves those out).
    #[arg(long, value_name = "YES")]
    missing_is_empty: Option<bool>,
    /// Claim that holds the address. [default: email]
    #[arg(long, value_name = "CLAIM")]
    email_claim: Option<String>,
    /// Audience of the access tokens that are taken. May be repeated. [default: none are taken]
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<String>,
    /// Client whose access tokens are taken. May be repeated. [default: every client's]
    #[arg(long = "client", value_name = "ID")]
    clients: Vec<String>,
    /// Scope that access tokens must have; one of them is enough. May be repeated.
    #[arg(long = "required-scope", value_name = "SCOPE")]
    required_scopes: Vec<String>,
    /// Entra ID in a national cloud: where Microsoft Graph is.
    #[arg(long, value_name = "URL")]
    graph_url: Option<String>,
    /// Redirect to /oauth2/callback/ID instead of /oauth2/callback, which one provider can have.
    #[arg(long, value_name = "YES")]
    own_callback: Option<bool>,
}

impl Fields {
    fn edit(&self) -> Result<ProviderEdit> {
        // One that is empty takes back what is there.
        let list = |list: &Vec<String>| match list.as_slice() {
            [] => None,
            [only] if only.is_empty() => Some(Vec::new()),
            list => Some(list.to_vec()),
        };
        Ok(ProviderEdit {
            name: self.name.clone(),
            profile: self.profile,
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.as_ref().map(SecretArgument::read).transpose()?,
            enabled: self.enabled,
            scopes: list(&self.scopes),
            tenant_ids: list(&self.tenant_ids),
            domains: list(&self.domains),
            trust_email: self.trust_email,
            add_users: self.add_users,
            sign_in: self.sign_in,
            missing_is_empty: self.missing_is_empty,
            email_claim: self.email_claim.clone(),
            audiences: list(&self.audiences),
            clients: list(&self.clients),
            required_scopes: list(&self.required_scopes),
            graph_url: self.graph_url.clone(),
            own_callback: self.own_callback,
        })
    }
}

#[derive(Debug, Args)]
struct MappingFields {
    /// Provider.
    provider: ProviderId,
    /// Entra ID: only for users of this directory.
    #[arg(long, value_name = "GUID")]
    tenant_id: Option<String>,
    /// Claim, such as groups or roles.
    #[arg(long)]
    claim: String,
    /// Exact value. Groups of Entra ID are GUIDs.
    #[arg(long)]
    value: String,
    /// Group here.
    #[arg(long)]
    group: GroupName,
}

impl MappingFields {
    fn new_mapping(&self) -> NewMapping {
        NewMapping {
            provider: self.provider.clone(),
            tenant_id: self.tenant_id.clone(),
            claim: self.claim.clone(),
            value: self.value.clone(),
            group: self.group.clone(),
        }
    }
}

pub(crate) async fn run(settings: &StoreSettings, command: ProviderCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let providers = show::providers(desk.snapshot().await?.company());
            if format.json {
                return json(&providers);
            }
            let mut table = Table::new(&["id", "name", "profile", "enabled", "issuer", "mappings"]);
            for it in providers {
                let mappings = it.mappings.len().to_string();
                table.row([
                    it.id,
                    it.name,
                    it.profile.into(),
                    yes(it.enabled),
                    it.issuer,
                    mappings,
                ]);
            }
            table
                .print("There are no providers yet: gatehall provider add entra --profile entra …");
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { id, format } => {
            let snapshot = desk.snapshot().await?;
            let id = find(snapshot.company(), &id)?.id.to_string();
            let found = show::providers(snapshot.company()).into_iter().find(|it| it.id == id);
            if format.json {
                return json(&found);
            }
            if let Some(it) = found {
                let mut table = Table::new(&["id", "profile", "enabled", "issuer", "client"]);
                table.row([it.id, it.profile.into(), yes(it.enabled), it.issuer, it.client_id]);
                table.print("");
                text(&format!("  secret: {}", it.client_secret));
                text(&format!("  redirect URI: {} at the public address", it.callback_path));
                for line in it.settings.iter().chain(&it.mappings) {
                    text(&format!("  {line}"));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Add { id, fields } => {
            let edit = fields.edit()?;
            remind(desk.vault(), edit.client_secret.iter());
            desk.change(|snapshot| {
                Ok((add(snapshot.company(), desk.vault(), &id, &edit, now)?, ()))
            })
            .await?;
            done(&format!("added provider {id}"))
        }
        Action::Change { id, fields } => {
            let edit = fields.edit()?;
            remind(desk.vault(), edit.client_secret.iter());
            super::change(&desk, format_args!("provider {id}"), |company| {
                change(company, desk.vault(), &id, &edit)
            })
            .await
        }
        Action::Remove { id, cascade } => {
            remove(&desk, cascade, |company| Ok(find(company, &id)?.clone().into())).await
        }
        Action::Map { mapping: fields } => {
            let new = fields.new_mapping();
            super::change(&desk, format_args!("provider {}", new.provider), |company| {
                let mapping = mapping(company, &new, now)?;
                let known = company.claim_mappings.contains_key(&mapping.id);
                let add = (!known).then(|| Change::Add(mapping.into()));
                Ok::<_, gatehall_domain::Refusal>(add.into_iter().collect())
            })
            .await
        }
        Action::Unmap { mapping: fields } => {
            let new = fields.new_mapping();
            remove(&desk, false, |company| Ok(mapping(company, &new, now)?.into())).await
        }
    }
}
