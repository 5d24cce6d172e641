//! Users: found, shown, added, changed, removed.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{
    self, find_user,
    user::{NewUser, UserEdit},
};
use gatehall_domain::{
    Company, EmailAddress, GroupName, Identity, Record, Refusal, RefusedAccount, Sessions,
    Snapshot, Subject, Timestamp, User, UserId,
};
use gatehall_identity::Rejection;
use gatehall_store::EventFilter;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    accounts::NewAccount,
    chats::source_name,
    common::{Nothing, Removal, Words},
    reach::{Reached, reaches_any},
    row::{EventRow, GrantRow, KeyRow, MembershipRow, SessionRow},
};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Moment, Page, Portal, Search, Shared, Short,
    encoded, group_names, render, text, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("users")
        .show::<UserList, _, _>("/users", "List users", list)
        .asking::<UserSearch>()
        .page("/users/add", add_form)
        .act::<UserOrder, Done, _, _>("/users", "Add a user", add)
        .show::<UserView, _, _>("/users/{email}", "Show a user", show)
        .change::<UserChange, _, _>("/users/{email}", "Change a user", change)
        .remove::<Removal, _, _>("/users/{email}", "Remove a user", remove)
        .act::<Nothing, Done, _, _>("/users/{email}/sign-out", "End a user's sessions", sign_out)
}

#[derive(Deserialize, JsonSchema)]
struct UserSearch {
    q: Option<String>,
    state: Option<String>,
    page: Option<usize>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "user/list.html")]
struct UserList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    #[serde(skip)]
    state: String,
    users: Page<UserRow>,
}

#[derive(Serialize, JsonSchema)]
struct UserRow {
    email: String,
    name: String,
    admin: bool,
    enabled: bool,
    groups: Vec<String>,
    /// How many connections some tool of which may be open.
    connections: usize,
}

async fn list(admin: Admin, Search(search): Search<UserSearch>) -> Response {
    let company = admin.snapshot.company();
    let query = search.q.unwrap_or_default();
    let state = search.state.unwrap_or_default();
    let mut reached = Reached::new(&admin.snapshot, admin.now);
    let found = find(&admin.snapshot, &query, &state, admin.now);
    let users = Page::of(&found, search.page, |user| {
        let groups = admin.snapshot.groups(user.id);
        let mut groups: Vec<String> = groups.iter().map(|it| company.group_label(*it)).collect();
        groups.sort_unstable();
        UserRow {
            email: user.email.to_string(),
            name: Short::name(&user.name),
            admin: admin.snapshot.view(user.id).is_some_and(|view| view.admin.is_some()),
            enabled: user.enabled,
            groups,
            connections: reached.connections(user),
        }
    });
    admin.show(&UserList { frame: admin.frame("Users"), query, state, users })
}

/// The users who are meant, by address.
fn find<'s>(snapshot: &'s Snapshot, query: &str, state: &str, now: Timestamp) -> Vec<&'s User> {
    let words = Words::new(query);
    let fits = |user: &&User| {
        words.are_in(&[user.email.as_str(), &user.name])
            && match state {
                "enabled" => user.enabled,
                "disabled" => !user.enabled,
                "admin" => snapshot.view(user.id).is_some_and(|view| view.admin.is_some()),
                "no-tools" => user.enabled && !reaches_any(snapshot, user, now),
                _ => true,
            }
    };
    let mut found: Vec<&User> =
        snapshot.company().users.values().map(AsRef::as_ref).filter(fits).collect();
    found.sort_unstable_by(|a, b| a.email.cmp(&b.email));
    found
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "user/show.html")]
struct UserView {
    #[serde(skip)]
    frame: Frame,
    email: String,
    name: String,
    /// Whether the user is flagged as an administrator.
    admin: bool,
    /// What makes the user an administrator, if something does.
    admin_because: Option<String>,
    enabled: bool,
    since: Moment,
    memberships: Vec<MembershipRow>,
    identities: Vec<IdentityRow>,
    /// Claims about groups that were not said of the user yet, as `provider:claim`. Until then what is
    /// denied to a group that they can put the user in is denied to the user.
    claims_unsaid: Vec<String>,
    /// The tenants that the user manages.
    manages: Vec<String>,
    grants: Vec<GrantRow>,
    keys: Vec<KeyRow>,
    sessions: Vec<SessionRow>,
    events: Vec<EventRow>,
    connections: usize,
    seen: String,
    #[serde(skip)]
    groups: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct IdentityRow {
    issuer: String,
    subject: String,
    /// Whether the provider could not say the user's groups the last time.
    stale: bool,
    /// Whether the account was bound by its email rather than by an administrator.
    by_address: bool,
    /// Another account with the user's address that was not let in, if one was.
    changed: Option<NewAccount>,
    #[serde(skip)]
    name: String,
}

impl IdentityRow {
    fn new(identity: &Identity, company: &Company, refused: &[RefusedAccount]) -> Self {
        let Identity { issuer, subject, stale, by_address, .. } = identity.clone();
        let mut open = refused.iter().filter(|it| it.is_open(company));
        let changed = open.find(|it| it.issuer == issuer).map(NewAccount::new);
        let name = source_name(company, &issuer);
        Self { issuer, subject, stale, by_address, changed, name }
    }
}

async fn show(
    admin: Admin,
    State(portal): Shared,
    At(email): At<EmailAddress>,
) -> Result<Response, Fault> {
    let company = admin.snapshot.company();
    let user = find_user(company, &email)?;
    let store = portal.desk.store();
    let filter = EventFilter { user: Some(user.id), limit: 10, ..Default::default() };
    let events = store.events(&filter).await?;
    let sessions = store.sessions_of(user.id, admin.now).await?;
    let uses = store.key_uses().await?;
    let refused = store.refused_accounts_of(user.id, admin.now).await?;
    let subject = Subject::User(user.id);
    let view = admin.snapshot.view(user.id);
    let identities = company.identities.values().filter(|it| it.user == user.id);
    Ok(admin.show(&UserView {
        frame: admin.frame(email.to_string()),
        groups: group_names(company),
        email: user.email.to_string(),
        name: user.name.clone(),
        admin: user.admin,
        admin_because: view.and_then(|it| it.admin).map(|it| company.because_label(it)),
        enabled: user.enabled,
        since: Moment(user.created_at),
        memberships: MembershipRow::of(&admin.snapshot, user.id),
        identities: identities.map(|it| IdentityRow::new(it, company, &refused)).collect(),
        claims_unsaid: admin
            .snapshot
            .claims_unsaid(user.id)
            .iter()
            .map(ToString::to_string)
            .collect(),
        manages: company.managed_by(user.id).iter().map(ToString::to_string).collect(),
        grants: GrantRow::all(company, |grant| grant.subject == subject),
        keys: KeyRow::all(company, &uses, admin.now, |key| key.user == Some(user.id)),
        sessions: sessions.iter().map(SessionRow::new).collect(),
        events: events.iter().map(EventRow::new).collect(),
        connections: Reached::new(&admin.snapshot, admin.now).connections(user),
        seen: Record::from(User::clone(user)).fingerprint(),
    }))
}

#[derive(Template)]
#[template(path = "user/add.html")]
struct AddForm {
    frame: Frame,
    groups: Vec<String>,
}

async fn add_form(admin: Admin) -> Response {
    let groups = group_names(admin.snapshot.company());
    render(StatusCode::OK, &AddForm { frame: admin.frame("Add a user"), groups })
}

/// What a new user is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UserOrder {
    #[schemars(with = "String")]
    email: EmailAddress,
    /// Display name.
    #[serde(default)]
    name: String,
    /// Whether the user is an administrator, who may use every enabled connection.
    #[serde(default)]
    admin: bool,
    /// Groups to add the user to.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    groups: Vec<GroupName>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<UserOrder>,
) -> Result<Response, Fault> {
    let new =
        NewUser { email: order.email, name: order.name, admin: order.admin, groups: order.groups };
    let prepare = |snapshot: &Snapshot| operation::user::add(snapshot.company(), &new, admin.now);
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/users/{}", encoded(new.email.as_str()))))
}

/// What changes of a user. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UserChange {
    /// A new email.
    #[schemars(with = "Option<String>")]
    email: Option<EmailAddress>,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    admin: Option<bool>,
    enabled: Option<bool>,
    /// Groups to add the user to.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    add_groups: Vec<GroupName>,
    /// Groups to remove the user from.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    remove_groups: Vec<GroupName>,
    /// Providers whose account is to be unbound from this user.
    #[serde(default)]
    unbind: Vec<String>,
    /// Accounts to bind to this user, whatever their email: `PROVIDER=SUBJECT`.
    #[serde(default)]
    bind: Vec<String>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(email): At<EmailAddress>,
    Input(wish): Input<UserChange>,
) -> Result<Response, Fault> {
    let user = User::clone(find_user(admin.snapshot.company(), &email)?);
    let seen = unchanged(wish.seen.as_deref(), user.clone(), &email)?;
    let edit = UserEdit {
        email: wish.email,
        name: wish.name,
        admin: wish.admin,
        enabled: wish.enabled,
        add_groups: wish.add_groups,
        remove_groups: wish.remove_groups,
        unbind: wish.unbind,
        bind: wish.bind.iter().map(|it| it.parse()).collect::<Result<_, Refusal>>()?,
    };
    let prepare =
        |snapshot: &Snapshot| operation::user::change(snapshot.company(), &email, &edit, admin.now);
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    if edit.enabled == Some(false) {
        forget_sessions(&portal, user.id).await;
    }
    let email = edit.email.unwrap_or(email);
    Ok(admin.done(revision, &format!("/users/{}", encoded(email.as_str()))))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(email): At<EmailAddress>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let user = User::clone(find_user(snapshot.company(), &email)?);
        operation::remove(snapshot.company(), user.into(), removal.cascade)
    };
    let user = User::clone(find_user(admin.snapshot.company(), &email)?);
    let seen = unchanged(removal.seen.as_deref(), user.clone(), &email)?;
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    forget_sessions(&portal, user.id).await;
    Ok(admin.done(revision, "/users"))
}

/// Ends what is dead already, since whoever is disabled or gone is signed in no longer, so that it
/// stays so when they come back.
async fn forget_sessions(portal: &Portal, user: UserId) {
    if let Err(error) = portal.doors.end_sessions(Sessions::User(user)).await {
        tracing::error!(%error, user.id = %user, "the sessions of a user could not be ended");
    }
}

async fn sign_out(
    admin: Admin,
    State(portal): Shared,
    At(email): At<EmailAddress>,
    Input(Nothing {}): Input<Nothing>,
) -> Result<Response, Fault> {
    let user = find_user(admin.snapshot.company(), &email)?.id;
    let ended = portal.doors.end_sessions(Sessions::User(user)).await;
    let said = match ended {
        Ok(_) => "ended",
        Err(Rejection::NotKept) => "ended-here",
        Err(other) => return Err(other.into()),
    };
    Ok(admin.told(said, &format!("/users/{}", encoded(email.as_str()))))
}
