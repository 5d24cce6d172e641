//! The accounts at providers and Open WebUIs that users are bound to, many at once.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use gatehall_control::operation::{account::unbind_all, user::issuer_of};
use gatehall_domain::{
    Company, EmailAddress, Identity, RefusedAccount, Snapshot, UserId, is_open_webui,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    chats::{provider_of, source_name},
    common::Words,
};
use crate::web::{
    Admin, Book, Done, Face, Fault, Frame, Input, Moment, Page, Portal, Search, Shared, Short,
    encoded, render,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("accounts")
        .show::<AccountList, _, _>("/accounts", "List accounts", list)
        .asking::<AccountSearch>()
        .act::<Unbinding, Done, _, _>("/accounts/unbind", "Unbind accounts", unbind)
}

#[derive(Default, Deserialize, JsonSchema)]
struct AccountSearch {
    /// Addresses and accounts by part of them.
    q: Option<String>,
    /// The provider, or the name of an Open WebUI; left out, the first.
    provider: Option<String>,
    /// `changed` for those alone whose user came with another account.
    show: Option<String>,
    page: Option<usize>,
}

/// The accounts of one provider.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "user/accounts.html")]
struct AccountList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    /// The provider whose accounts these are.
    provider: String,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    changed_only: bool,
    #[serde(skip)]
    problem: Option<&'static str>,
    providers: Vec<ProviderCount>,
    accounts: Page<AccountRow>,
}

/// How many accounts of a provider are bound.
#[derive(Serialize, JsonSchema)]
struct ProviderCount {
    provider: String,
    accounts: usize,
    /// Those whose user came with another account.
    changed: usize,
}

#[derive(Serialize, JsonSchema)]
struct AccountRow {
    user: String,
    /// The provider's own id of the account.
    subject: String,
    /// Whether it was bound by its email rather than by an administrator.
    by_address: bool,
    since: Moment,
    /// The account with the user's address that was not let in, if one was.
    changed: Option<NewAccount>,
}

/// An account that was not let in, since its user is bound to another.
#[derive(Serialize, JsonSchema)]
pub(super) struct NewAccount {
    /// The provider's own id of it.
    pub(super) subject: String,
    /// When it came last.
    pub(super) at: Moment,
}

impl AccountList {
    /// Whether anybody is bound there.
    fn has_any(&self) -> bool {
        self.providers.iter().any(|it| it.provider == self.provider)
    }
}

impl NewAccount {
    pub(super) fn new(account: &RefusedAccount) -> Self {
        Self { subject: account.subject.clone(), at: Moment(account.at) }
    }
}

/// Accounts of which somebody has to decide, by the account that is bound.
type Refused<'a> = HashMap<(&'a str, UserId), &'a RefusedAccount>;

fn open<'a>(refused: &'a [RefusedAccount], company: &Company) -> Refused<'a> {
    let open = refused.iter().filter(|it| it.is_open(company));
    open.map(|it| ((it.issuer.as_str(), it.user), it)).collect()
}

async fn list(
    admin: Admin,
    State(portal): Shared,
    Search(search): Search<AccountSearch>,
) -> Result<Response, Fault> {
    Ok(admin.show(&found(&admin, &portal, search, None).await?))
}

/// The accounts that are looked for, with what is wrong.
async fn found(
    admin: &Admin,
    portal: &Portal,
    search: AccountSearch,
    problem: Option<&'static str>,
) -> Result<AccountList, Fault> {
    let company = admin.snapshot.company();
    let refused = portal.desk.store().refused_accounts(admin.now).await?;
    let refused = open(&refused, company);
    let changed_only = search.show.as_deref() == Some("changed");
    let providers = counts(company, &refused);
    let provider = search.provider.filter(|it| !it.is_empty());
    let provider = provider.unwrap_or_else(|| first(&providers, changed_only));
    let issuer = issuer_of(company, &provider);
    let words = Words::new(search.q.as_deref().unwrap_or_default());
    let mut rows: Vec<AccountRow> = company
        .identities
        .values()
        .filter(|it| it.issuer == issuer)
        .map(|it| row(company, it, &refused))
        .filter(|it| !changed_only || it.changed.is_some())
        .filter(|it| words.are_in(&[&it.user, &it.subject]))
        .collect();
    rows.sort_unstable_by(|a, b| (&a.user, &a.subject).cmp(&(&b.user, &b.subject)));
    Ok(AccountList {
        problem,
        frame: admin.frame("Accounts"),
        query: search.q.unwrap_or_default(),
        name: source_name(company, &provider),
        provider,
        changed_only,
        providers,
        accounts: Page::take(rows, search.page),
    })
}

fn row(company: &Company, identity: &Identity, refused: &Refused<'_>) -> AccountRow {
    let changed = refused.get(&(identity.issuer.as_str(), identity.user));
    AccountRow {
        user: company.user_label(identity.user),
        subject: Short::name(&identity.subject),
        by_address: identity.by_address,
        since: Moment(identity.created_at),
        changed: changed.map(|it| NewAccount::new(it)),
    }
}

/// All providers that accounts are bound at, Open WebUIs first.
fn counts(company: &Company, refused: &Refused<'_>) -> Vec<ProviderCount> {
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for identity in company.identities.values() {
        let issuer = identity.issuer.as_str();
        let name = names.entry(issuer).or_insert_with(|| provider_of(company, issuer));
        let (accounts, changed) = counts.entry(name.clone()).or_default();
        *accounts += 1;
        *changed += usize::from(refused.contains_key(&(issuer, identity.user)));
    }
    let count = |(provider, (accounts, changed))| ProviderCount { provider, accounts, changed };
    let mut all: Vec<ProviderCount> = counts.into_iter().map(count).collect();
    all.sort_by_key(|it| !is_open_webui(&it.provider));
    all
}

fn first(providers: &[ProviderCount], changed_only: bool) -> String {
    let mut all = providers.iter().filter(|it| !changed_only || it.changed > 0);
    let first = all.next().or_else(|| providers.first());
    first.map_or_else(|| gatehall_domain::OPEN_WEBUI.to_owned(), |it| it.provider.clone())
}

/// Whose accounts are forgotten.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unbinding {
    /// The provider, or the name of an Open WebUI.
    provider: String,
    /// The users.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    users: Vec<EmailAddress>,
    /// Whether all who are bound there are meant.
    #[serde(default)]
    all: bool,
}

async fn unbind(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<Unbinding>,
) -> Result<Response, Fault> {
    let users = match (wish.all, wish.users.as_slice()) {
        (true, []) => None,
        (false, users @ [_, ..]) => Some(users),
        (false, []) if admin.face == Face::Page => {
            // The page that sent this had a search.
            let page = admin.frame("").address.parse::<http::Uri>().ok();
            let search = page.and_then(|page| Query::try_from_uri(&page).ok());
            let search = search.map_or_else(AccountSearch::default, |Query(search)| search);
            let search = AccountSearch { provider: Some(wish.provider), ..search };
            let problem = Some("Choose at least one account. Nothing was changed.");
            let page = found(&admin, &portal, search, problem).await?;
            return Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
        (false, []) => return Err(Fault::field("users", "choose at least one")),
        (true, _) => return Err(Fault::field("users", "choose either users or all, not both")),
    };
    let prepare = |snapshot: &Snapshot| unbind_all(snapshot.company(), &wish.provider, users);
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/accounts?provider={}", encoded(&wish.provider))))
}
