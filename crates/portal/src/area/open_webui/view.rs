//! How Open WebUIs are set up.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::wiring::{Wiring, wished_tenants};
use gatehall_open_webui::{Access, Models, Terms, import_file, variables};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::wish::address;
use crate::web::{Admin, Fault, Frame, Moment, Portal, Search, Shared, Short, group_names};

#[derive(Deserialize, JsonSchema)]
pub(super) struct Which {
    /// Which Open WebUI, by the source of its accounts; left out, the first.
    chat: Option<String>,
}

/// How Open WebUIs are set up, and what can be done about it.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "open_webui/show.html")]
pub(super) struct OpenWebUiPage {
    #[serde(skip)]
    frame: Frame,
    /// Those that the gate knows.
    chats: Vec<ChatState>,
    /// What has to be in the environment of the one that is shown.
    variables: Vec<ChatVariable>,
    /// What its form *Add Connection* imports, with `ghk_…` where a service key has to be.
    import_file: String,
    #[serde(skip)]
    form: Form,
}

/// An Open WebUI.
#[derive(Serialize, JsonSchema)]
struct ChatState {
    /// The source of its accounts here.
    id: String,
    /// Where it is, as the gate reaches it.
    url: Option<String>,
    /// Whether the gate signs in there by itself.
    own_proof: bool,
    /// Where the secret lies with which it signs who asks.
    secret_place: String,
    /// The domains about whose addresses it is believed.
    domains: Vec<String>,
    /// What was set up; none if nothing was.
    set_up: Option<SetUp>,
    /// Whether it is kept in step with the company.
    follows: bool,
    /// When all was last as it should be.
    in_step_at: Option<Moment>,
    /// Since when it cannot be kept in step.
    failing_since: Option<Moment>,
    /// Why.
    failing: String,
}

/// What was decided when it was set up.
#[derive(Serialize, JsonSchema)]
struct SetUp {
    /// The gate, as Open WebUI reaches it.
    gate: String,
    /// Who sees the tools: everybody, if it is empty.
    groups: Vec<String>,
    /// On which models they are switched on: on all, if it is left out.
    models: Option<Vec<String>>,
    /// Whether everybody may use these models.
    open_models: bool,
    /// Whether groups are brought over.
    bring_groups: bool,
    /// Tenants with a connection of type OpenAPI.
    openapi: Vec<String>,
    /// Whether all have one, those to come as well.
    every_tenant: bool,
}

#[derive(Serialize, JsonSchema)]
struct ChatVariable {
    name: &'static str,
    value: String,
}

/// What the form begins with.
struct Form {
    chat: String,
    url: String,
    own_proof: bool,
    set_up: SetUp,
    groups: Vec<String>,
    is_set_up: bool,
}

impl SetUp {
    fn of(terms: &Terms) -> Self {
        Self {
            gate: terms.gate.to_string(),
            groups: match &terms.access {
                Access::Everybody => Vec::new(),
                Access::Groups(names) => names.clone(),
            },
            models: match &terms.models {
                Models::All => None,
                Models::Named(ids) => Some(ids.clone()),
            },
            open_models: terms.open_models,
            bring_groups: terms.bring_groups,
            openapi: terms.openapi.iter().map(ToString::to_string).collect(),
            every_tenant: terms.every_tenant,
        }
    }

    /// The ids of models, one per line.
    fn model_ids(&self) -> String {
        self.models.as_deref().unwrap_or_default().join("\n")
    }
}

pub(super) async fn show(
    admin: Admin,
    State(portal): Shared,
    Search(which): Search<Which>,
) -> Result<Response, Fault> {
    let mut chats = Vec::new();
    let mut shown: Option<(usize, Option<Terms>)> = None;
    for chat in portal.doors.open_webuis() {
        let (state, terms) = state_of(&portal, &chat.id, &chat.domains).await?;
        if which.chat.as_ref().is_none_or(|it| *it == chat.id) && shown.is_none() {
            shown = Some((chats.len(), terms));
        }
        chats.push(state);
    }
    let (at, kept) = shown.ok_or(Fault::NothingHere)?;
    let is_set_up = kept.is_some();
    let terms = match kept {
        Some(terms) => terms,
        None => Terms::new(address("gate", &portal.base())?),
    };
    let company = admin.snapshot.company();
    let ChatState { id, url, own_proof, .. } = &chats[at];
    let form = Form {
        chat: id.clone(),
        url: url.clone().unwrap_or_default(),
        own_proof: *own_proof,
        set_up: SetUp::of(&terms),
        groups: group_names(company),
        is_set_up,
    };
    let values = variables("\u{2026}");
    let key = SecretString::from("ghk_\u{2026}".to_owned());
    Ok(admin.show(&OpenWebUiPage {
        frame: admin.frame("Open WebUI"),
        variables: values.into_iter().map(|(name, value)| ChatVariable { name, value }).collect(),
        import_file: import_file(&terms.gate, &wished_tenants(company, &terms), &key)
            .expose_secret()
            .to_owned(),
        form,
        chats,
    }))
}

async fn state_of(
    portal: &Portal,
    id: &str,
    domains: &[String],
) -> Result<(ChatState, Option<Terms>), Fault> {
    let reached = portal.hall.reached_chats().iter().find(|it| it.chat == id);
    let url = match reached {
        Some(reached) => Some(reached.url.clone()),
        // Of one that no setting names what is kept says where it is, if there is one alone.
        None => match portal.desk.store().open_webui_setups().await?.as_slice() {
            [url] if portal.doors.open_webuis().count() == 1 => url.parse().ok(),
            _ => None,
        },
    };
    let terms = match &url {
        Some(url) => {
            let client = portal.hall.open_webui(url)?;
            // What cannot be read is said when it is needed.
            Wiring::terms_at(&portal.desk, client.address()).await.ok().flatten()
        }
        None => None,
    };
    let step = portal.hall.in_step(id).unwrap_or_default();
    let state = ChatState {
        id: id.to_owned(),
        url: url.map(|it| it.to_string()),
        own_proof: reached.is_some_and(|it| it.proof.is_some()),
        secret_place: portal.secret_place(id),
        domains: domains.to_vec(),
        set_up: terms.as_ref().map(SetUp::of),
        follows: reached.is_some_and(|it| it.follow),
        // What was taken back since is in step with nothing.
        in_step_at: step.at.filter(|_| terms.is_some()).map(Moment),
        failing_since: step.failing.as_ref().map(|(since, _)| Moment(*since)),
        failing: step.failing.map(|(_, why)| Short::text(&why)).unwrap_or_default(),
    };
    Ok((state, terms))
}
