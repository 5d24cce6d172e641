//! What is wished of an Open WebUI, and as whom.

use gatehall_domain::{Company, EmailAddress, TenantId};
use gatehall_open_webui::{Access, Models, Proof, Terms, chat_address, gate_address};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::web::{Fault, Portal};

/// Who sees the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccessWish {
    Everybody,
    Groups,
}

/// On which models they are switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModelsWish {
    All,
    Named,
}

/// What is to be at an Open WebUI, and what proves to it that an administrator asks. What is left out
/// is as it was the last time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WiringWish {
    /// Which Open WebUI, by the source of its accounts; left out, the first.
    pub(super) chat: Option<String>,
    /// Where it is, as the gate reaches it; left out, as the gate's settings say.
    pub(super) url: Option<String>,
    /// An API key or a token of an administrator there. It is used once and kept nowhere. Left out,
    /// the gate's own proof is used, if its settings have one.
    #[schemars(with = "Option<String>")]
    token: Option<SecretString>,
    /// Instead of it, an administrator's email, with the password.
    #[schemars(with = "Option<String>")]
    email: Option<EmailAddress>,
    #[schemars(with = "Option<String>")]
    password: Option<SecretString>,
    /// The gate, as Open WebUI reaches it.
    pub(super) gate: Option<String>,
    /// Who sees the tools; left out, the groups if some are named.
    pub(super) access: Option<AccessWish>,
    /// The groups that see them.
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// The models for which the tools are turned on.
    pub(super) models: Option<ModelsWish>,
    /// The ids of models, one per line.
    pub(super) model_ids: Option<String>,
    /// Whether everybody may use these models.
    pub(super) open_models: Option<bool>,
    /// Whether the groups are synced.
    pub(super) bring_groups: Option<bool>,
    /// The tenants that also get a connection of type OpenAPI, one per line.
    pub(super) openapi: Option<String>,
    /// Whether every tenant gets one, including future ones.
    pub(super) every_tenant: Option<bool>,
    /// Whether to create a new key in any case.
    #[serde(default)]
    pub(super) new_key: bool,
    /// The plan that was reviewed; refused if it is a different one by now.
    pub(super) seen: Option<String>,
    /// Whether to carry out an undo, rather than only show it.
    #[serde(default)]
    pub(super) apply: bool,
}

/// Which Open WebUI is meant, and what proves to it who asks.
pub(super) struct Aim {
    pub(super) chat: String,
    pub(super) url: Url,
    pub(super) proof: Proof,
}

impl WiringWish {
    /// Which Open WebUI is meant.
    pub(super) fn aim(&self, portal: &Portal) -> Result<Aim, Fault> {
        let chat = match &self.chat {
            Some(chat) => portal.doors.open_webuis().find(|it| it.id == *chat),
            None => portal.doors.open_webuis().next(),
        };
        let chat =
            chat.ok_or_else(|| Fault::field("chat", "the gate knows no Open WebUI of this name"))?;
        let reached = portal.hall.reached_chats().iter().find(|it| it.chat == chat.id);
        let url = match (&self.url, reached) {
            (Some(url), _) => address("url", url)?,
            (None, Some(reached)) => reached.url.clone(),
            (None, None) => return Err(Fault::field("url", "enter the URL of Open WebUI")),
        };
        let proof = match (&self.token, &self.email, &self.password) {
            (Some(token), None, None) => Proof::Token(token.clone()),
            (None, Some(email), Some(password)) => {
                Proof::Password { email: email.clone(), password: password.clone() }
            }
            (None, None, None) => own_proof(portal, &chat.id, &url).cloned().ok_or_else(|| {
                Fault::field(
                    "token",
                    "enter an administrator's API key or token, or an email and a password: the \
                     gate itself has no proof for this URL",
                )
            })?,
            _ => {
                return Err(Fault::field(
                    "token",
                    "enter either a token, or an email and a password",
                ));
            }
        };
        Ok(Aim { chat: chat.id.clone(), url, proof })
    }

    /// Whether the gate can sign in there by itself.
    pub(super) fn has_own(portal: &Portal, aim: &Aim) -> bool {
        own_proof(portal, &aim.chat, &aim.url).is_some()
    }

    /// The gate's address as Open WebUI reaches it, if it is another than the form begins with.
    pub(super) fn gate_that_is_said(&self, portal: &Portal) -> Result<Option<Url>, Fault> {
        let Some(gate) = self.gate.as_deref() else { return Ok(None) };
        let usual = gate_at(&portal.base())?;
        Ok(Some(gate_at(gate)?).filter(|it| *it != usual))
    }

    /// What is to be there, where this was decided before.
    pub(super) fn terms(
        &self,
        before: Option<&Terms>,
        company: &Company,
        base: &str,
    ) -> Result<Terms, Fault> {
        let gate = self.gate.as_deref().map(gate_at).transpose()?;
        let mut terms = match (before, gate) {
            (Some(before), Some(gate)) => Terms { gate, ..before.clone() },
            (Some(before), None) => before.clone(),
            (None, Some(gate)) => Terms::new(gate),
            (None, None) => Terms::new(gate_at(base)?),
        };
        match (self.access, self.groups.is_empty()) {
            (Some(AccessWish::Everybody), _) => terms.access = Access::Everybody,
            (Some(AccessWish::Groups), true) => {
                return Err(Fault::field("groups", "choose at least one group"));
            }
            (_, false) => terms.access = Access::Groups(self.groups.clone()),
            (None, true) => {}
        }
        let ids = || self.model_ids.as_deref().map(entries).unwrap_or_default();
        match (self.models, &self.model_ids) {
            (Some(ModelsWish::All), _) => terms.models = Models::All,
            (Some(ModelsWish::Named), _) | (None, Some(_)) => terms.models = Models::Named(ids()),
            (None, None) => {}
        }
        if let Some(openapi) = &self.openapi {
            let tenant = |text: String| -> Result<TenantId, Fault> {
                let id: TenantId = text.parse().map_err(Fault::Refused)?;
                match company.tenants.contains_key(&id) {
                    true => Ok(id),
                    false => Err(Fault::field("openapi", format!("there is no tenant {id}"))),
                }
            };
            terms.openapi = entries(openapi).into_iter().map(tenant).collect::<Result<_, _>>()?;
        }
        terms.every_tenant = self.every_tenant.unwrap_or(terms.every_tenant);
        terms.open_models = self.open_models.unwrap_or(terms.open_models);
        terms.bring_groups = self.bring_groups.unwrap_or(terms.bring_groups);
        Ok(terms)
    }

    /// What a form has to send again, but for secrets.
    pub(super) fn carried(&self) -> Vec<(&'static str, String)> {
        let yes = |flag: Option<bool>| flag.map(|it| it.to_string());
        let access = self.access.map(|it| match it {
            AccessWish::Everybody => "everybody",
            AccessWish::Groups => "groups",
        });
        let models = self.models.map(|it| match it {
            ModelsWish::All => "all",
            ModelsWish::Named => "named",
        });
        let one = [
            ("chat", self.chat.clone()),
            ("url", self.url.clone()),
            ("gate", self.gate.clone()),
            ("access", access.map(str::to_owned)),
            ("models", models.map(str::to_owned)),
            ("model_ids", self.model_ids.clone()),
            ("open_models", yes(self.open_models)),
            ("bring_groups", yes(self.bring_groups)),
            ("openapi", self.openapi.clone()),
            ("every_tenant", yes(self.every_tenant)),
            ("new_key", self.new_key.then(|| "true".to_owned())),
        ];
        let all = one.into_iter().filter_map(|(name, value)| Some((name, value?)));
        all.chain(self.groups.iter().map(|it| ("groups", it.clone()))).collect()
    }
}

/// What stands on lines.
fn entries(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    lines.map(str::to_owned).collect()
}

pub(super) fn gate_at(text: &str) -> Result<Url, Fault> {
    gate_address(text).map_err(|problem| Fault::field("gate", problem))
}

/// What the gate itself signs in with, which goes nowhere but to the address that the same settings
/// name.
fn own_proof<'p>(portal: &'p Portal, chat: &str, url: &Url) -> Option<&'p Proof> {
    let mut reached = portal.hall.reached_chats().iter();
    reached.find(|it| it.chat == chat && it.url == *url)?.proof.as_ref()
}

pub(super) fn address(field: &str, text: &str) -> Result<Url, Fault> {
    chat_address(text).map_err(|problem| Fault::field(field, problem))
}
