//! OpenID providers: shown, added, changed, removed. Their secrets come in and never go out.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::{
    DeskError,
    operation::{
        self, NewSecret,
        provider::{self, ProviderEdit, find},
    },
    show,
};
use gatehall_domain::{Company, Issuer, Profile, Provider, ProviderId, Record, Snapshot};
use gatehall_identity::{Doors, ProviderTrouble};
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{claim_mappings::MappingRow, common::Removal};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Shared, Short, group_names, lines, render, text,
    unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("providers")
        .show::<ProviderList, _, _>("/providers", "List providers", list)
        .page("/providers/add", add_form)
        .act::<ProviderOrder, Done, _, _>("/providers", "Add a provider", add)
        .show::<ProviderView, _, _>("/providers/{id}", "Show a provider", show_one)
        .change::<ProviderChange, _, _>("/providers/{id}", "Change a provider", change)
        .remove::<Removal, _, _>("/providers/{id}", "Remove a provider", remove)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/providers.html")]
struct ProviderList {
    #[serde(skip)]
    frame: Frame,
    providers: Vec<ProviderRow>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ProviderRow {
    pub(super) id: String,
    pub(super) name: String,
    /// `entra`, `authentik` or `generic`.
    pub(super) profile: &'static str,
    pub(super) issuer: String,
    pub(super) enabled: bool,
    /// Whether people sign in with it.
    pub(super) sign_in: bool,
    /// Why nobody can at present, as far as it was seen.
    pub(super) trouble: Option<String>,
}

/// Why people cannot sign in with a provider, and what mends it.
pub(super) fn trouble_of(doors: &Doors, id: &ProviderId) -> Option<String> {
    Some(trouble_text(&doors.provider_trouble(id)?))
}

pub(super) fn trouble_text(trouble: &ProviderTrouble) -> String {
    format!("{}. To fix it: {}.", Short::text(&trouble.found), trouble.remedy)
}

impl ProviderRow {
    /// All providers, by id.
    pub(super) fn all(company: &Company, doors: &Doors) -> Vec<Self> {
        let row = |it: &Provider| Self {
            id: it.id.to_string(),
            name: Short::name(&it.name),
            profile: it.profile.as_str(),
            issuer: Short::text(it.issuer.as_str()),
            enabled: it.enabled,
            sign_in: it.settings.sign_in,
            trouble: trouble_of(doors, &it.id),
        };
        let mut rows: Vec<Self> = company.providers.values().map(|it| row(it)).collect();
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        rows
    }
}

async fn list(admin: Admin, State(portal): Shared) -> Response {
    let providers = ProviderRow::all(admin.snapshot.company(), &portal.doors);
    admin.show(&ProviderList { frame: admin.frame("Providers"), providers })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/provider.html")]
struct ProviderView {
    #[serde(skip)]
    frame: Frame,
    id: String,
    name: String,
    /// `entra`, `authentik` or `generic`.
    profile: &'static str,
    issuer: String,
    client_id: String,
    /// How the secret is kept: `sealed`, `environment variable NAME`, or `none`.
    client_secret: String,
    enabled: bool,
    sign_in: bool,
    /// Why nobody can sign in with it at present, as far as it was seen.
    trouble: Option<String>,
    add_users: bool,
    trust_email: bool,
    own_callback: bool,
    domains: Vec<String>,
    tenant_ids: Vec<String>,
    /// The redirect URI, to be registered at the provider.
    callback: String,
    /// What is set and is not the default, in words.
    settings: Vec<String>,
    mappings: Vec<MappingRow>,
    seen: String,
    /// As it is kept, so that saving the form does not cut it.
    #[serde(skip)]
    whole_name: String,
    #[serde(skip)]
    groups: Vec<String>,
}

async fn show_one(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ProviderId>,
) -> Result<Response, Fault> {
    let company = admin.snapshot.company();
    let it = find(company, &id)?;
    let shown = show::providers(company).into_iter().find(|shown| shown.id == id.as_str());
    let shown = shown.ok_or(Fault::NothingHere)?;
    Ok(admin.show(&ProviderView {
        frame: admin.frame(shown.id.clone()),
        id: shown.id,
        name: Short::name(&it.name),
        profile: shown.profile,
        issuer: shown.issuer,
        client_id: shown.client_id,
        client_secret: match Record::from(it.clone()).secret_variable() {
            // Whoever looks is told why nobody can sign in.
            Some(name) => match portal.desk.vault().may_read(name) {
                Ok(()) => shown.client_secret,
                Err(error) => format!("{}: {error}", shown.client_secret),
            },
            None => shown.client_secret,
        },
        enabled: it.enabled,
        sign_in: it.settings.sign_in,
        trouble: trouble_of(&portal.doors, &id),
        add_users: it.settings.add_users,
        trust_email: it.settings.trust_email,
        own_callback: it.settings.own_callback,
        domains: it.settings.domains.clone(),
        tenant_ids: it.settings.tenant_ids.clone(),
        callback: format!("{}{}", portal.base(), shown.callback_path),
        settings: shown.settings,
        mappings: MappingRow::all(company, |it| it.provider == id),
        seen: Record::from(it.clone()).fingerprint(),
        whole_name: it.name.clone(),
        groups: group_names(company),
    }))
}

#[derive(Template)]
#[template(path = "settings/provider_add.html")]
struct AddForm {
    frame: Frame,
    /// Where providers send people back to.
    callback: String,
    /// Whether this one needs a redirect URI of its own.
    own_callback: bool,
}

async fn add_form(admin: Admin, State(portal): Shared) -> Response {
    let mut providers = admin.snapshot.company().providers.values();
    let form = AddForm {
        frame: admin.frame("Add a provider"),
        callback: format!("{}/oauth2/callback", portal.base()),
        own_callback: providers.any(|it| it.has_shared_callback()),
    };
    render(StatusCode::OK, &form)
}

/// What a new provider is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProviderOrder {
    /// Appears in the redirect URI and as the source of memberships.
    #[schemars(with = "String")]
    id: ProviderId,
    /// Name on the sign-in button.
    #[serde(default)]
    name: String,
    /// `entra`, `authentik` or `generic`, which it is if left out.
    #[schemars(with = "Option<String>")]
    profile: Option<Profile>,
    /// Exactly as in the provider's metadata.
    #[schemars(with = "String")]
    issuer: Issuer,
    /// The gate's client ID at the provider.
    client_id: String,
    /// The gate's client secret; stored encrypted and never shown again.
    secret: Option<String>,
    /// Email domains that the provider may vouch for.
    domains: Option<Vec<String>>,
    /// Entra ID: directories whose users may sign in.
    tenant_ids: Option<Vec<String>>,
    /// Whether unknown users are added; true, if omitted.
    add_users: Option<bool>,
    /// Whether people can sign in with it; true, if omitted.
    sign_in: Option<bool>,
    /// Whether its email addresses are trusted even if it does not say that they are verified.
    trust_email: Option<bool>,
    enabled: Option<bool>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<ProviderOrder>,
) -> Result<Response, Fault> {
    let id = order.id;
    let edit = ProviderEdit {
        name: Some(order.name).filter(|name| !name.is_empty()),
        profile: order.profile,
        issuer: Some(order.issuer),
        client_id: Some(order.client_id),
        client_secret: order.secret.map(sealed),
        enabled: order.enabled,
        domains: order.domains.as_deref().map(entries),
        tenant_ids: order.tenant_ids.as_deref().map(entries),
        add_users: order.add_users,
        sign_in: order.sign_in,
        trust_email: order.trust_email,
        ..ProviderEdit::default()
    };
    let vault = portal.desk.vault();
    let prepare =
        |snapshot: &Snapshot| provider::add(snapshot.company(), vault, &id, &edit, admin.now);
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/providers/{id}")))
}

/// A secret is not read from the gate's environment here: whoever chooses the issuer could have it
/// sent any variable.
fn sealed(secret: String) -> NewSecret {
    NewSecret::Value(SecretString::from(secret))
}

/// A list as programs send it, or as people write it in one field.
fn entries(list: &[String]) -> Vec<String> {
    list.iter().flat_map(|text| lines(text)).map(str::to_owned).collect()
}

/// What changes of a provider. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProviderChange {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[schemars(with = "Option<String>")]
    profile: Option<Profile>,
    #[schemars(with = "Option<String>")]
    issuer: Option<Issuer>,
    client_id: Option<String>,
    /// A new client secret; stored encrypted and never shown again.
    secret: Option<String>,
    domains: Option<Vec<String>>,
    tenant_ids: Option<Vec<String>>,
    add_users: Option<bool>,
    sign_in: Option<bool>,
    trust_email: Option<bool>,
    /// Whether it has a redirect URI of its own, as all providers but one must.
    own_callback: Option<bool>,
    enabled: Option<bool>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ProviderId>,
    Input(wish): Input<ProviderChange>,
) -> Result<Response, Fault> {
    let before = find(admin.snapshot.company(), &id)?.clone();
    let seen = unchanged(wish.seen.as_deref(), before, &id)?;
    let edit = ProviderEdit {
        // The button needs a name.
        name: wish.name.map(|name| if name.is_empty() { id.to_string() } else { name }),
        profile: wish.profile,
        issuer: wish.issuer,
        client_id: wish.client_id,
        client_secret: wish.secret.map(sealed),
        enabled: wish.enabled,
        domains: wish.domains.as_deref().map(entries),
        tenant_ids: wish.tenant_ids.as_deref().map(entries),
        add_users: wish.add_users,
        sign_in: wish.sign_in,
        trust_email: wish.trust_email,
        own_callback: wish.own_callback,
        ..ProviderEdit::default()
    };
    let vault = portal.desk.vault();
    let prepare = |snapshot: &Snapshot| provider::change(snapshot.company(), vault, &id, &edit);
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, &format!("/providers/{id}")))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ProviderId>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let before = find(admin.snapshot.company(), &id)?.clone();
    let seen = unchanged(removal.seen.as_deref(), before, &id)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, DeskError> {
        let company = snapshot.company();
        Ok(operation::remove(company, find(company, &id)?.clone().into(), removal.cascade)?)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/providers"))
}
