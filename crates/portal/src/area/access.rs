//! Access: what somebody reaches and why, and who reaches something. Every answer is `decide`'s.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::{
    explain::{self, Newcomer, Remedy},
    operation::find_user,
};
use gatehall_domain::{EmailAddress, Refusal, Snapshot, User, snapshot::Site};
use gatehall_identity::{ChatSetting, OpenWebUi};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::Words,
    guest::{self, Guest, Invited},
    reach::{caller, tools_of},
    who::{Reason, reasons, who},
};
use crate::web::{
    Admin, Book, Face, Fault, Frame, Input, Page, Search, Shared, Short, Visitor, connection_href,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("access")
        .show::<AccessView, _, _>(
            "/access",
            "Explain what somebody reaches, or who reaches it",
            show,
        )
        .asking::<AccessSearch>()
        .act::<Guest, AccessView, _, _>(
            "/access/guest",
            "Explain what somebody would reach who never signed in",
            show_guest,
        )
}

#[derive(Deserialize, Default, JsonSchema)]
struct AccessSearch {
    user: Option<String>,
    tool: Option<String>,
    q: Option<String>,
    page: Option<usize>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "access/show.html")]
struct AccessView {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    user: String,
    #[serde(skip)]
    tool: String,
    #[serde(skip)]
    query: String,
    #[serde(skip)]
    providers: Vec<String>,
    #[serde(skip)]
    problem: String,
    /// Who was asked about who never signed in.
    #[serde(skip)]
    guest: Option<Guest>,
    /// What the person reaches.
    person: Option<PersonView>,
    /// The answer for one tool.
    answer: Option<Answer>,
    /// Who can use the tool.
    users: Option<UsersView>,
}

#[derive(Serialize, JsonSchema)]
struct PersonView {
    email: String,
    enabled: bool,
    /// Whether they exist, or are only thought of.
    known: bool,
    admin: Option<String>,
    groups: Vec<String>,
    /// Claims about groups that were not said yet, as `provider:claim`.
    claims_unsaid: Vec<String>,
    /// The public names of tools that the gateway lists for them.
    tools: Page<String>,
    /// Connections that stay closed, each with the first step that is missing.
    closed: Vec<ClosedRow>,
    closed_count: usize,
}

#[derive(Serialize, JsonSchema)]
struct ClosedRow {
    path: String,
    #[serde(skip)]
    href: String,
    because: String,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    allowed: bool,
    because: String,
    #[serde(skip)]
    change: Option<Remedy>,
    /// What would change the answer, as a command.
    remedy: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct UsersView {
    reasons: Vec<Reason>,
    users: Page<UserReach>,
}

#[derive(Serialize, JsonSchema)]
struct UserReach {
    email: String,
    because: String,
}

/// As many closed connections are shown.
const CLOSED: usize = 50;

async fn show(
    admin: Admin,
    State(portal): Shared,
    Search(search): Search<AccessSearch>,
) -> Result<Response, Fault> {
    let snapshot = &admin.snapshot;
    let mut view = empty(&admin, &search);
    let found = search.tool.as_ref().and_then(|name| portal.hall.tool(name));
    let site = found.as_ref().and_then(|tool| snapshot.site(tool.connection));
    let user = match &search.user {
        Some(email) => {
            let email: EmailAddress = email.parse()?;
            match find_user(snapshot.company(), &email) {
                Ok(user) => Some(user),
                Err(error) if admin.face == Face::Api => return Err(error.into()),
                Err(error) => {
                    let doors = &portal.doors;
                    let chats: Vec<ChatSetting> =
                        doors.open_webuis().map(OpenWebUi::setting).collect();
                    let adds = doors.adds_unknown_users();
                    let newcomer = Newcomer::new(snapshot.company(), &email, &chats, adds);
                    view.problem = format!(
                        "{error}: {}. To change this: {}. Below you can ask about someone who has \
                         never signed in.",
                        newcomer.summary(),
                        newcomer.remedy
                    );
                    None
                }
            }
        }
        None => None,
    };
    if let (Some(name), None) = (&search.tool, &site) {
        let missing = Refusal::missing("tool", name);
        if admin.face == Face::Api {
            return Err(missing.into());
        }
        view.problem = missing.to_string();
    }
    match (user, &found, site) {
        (Some(user), Some(tool), Some(site)) => {
            view.answer = Some(answer(&admin, user, site, &tool.name));
        }
        (Some(user), ..) => {
            let tools = portal.hall.list(&caller(user.id));
            view.person = Some(person(&admin, snapshot, user, tools, &search, true));
        }
        (None, Some(tool), Some(site)) if search.user.is_none() => {
            view.users = Some(users(&admin, site, &tool.name, &search));
        }
        _ => {}
    }
    Ok(admin.show(&view))
}

fn empty(admin: &Visitor, search: &AccessSearch) -> AccessView {
    let mut providers: Vec<String> =
        admin.snapshot.company().providers.keys().map(ToString::to_string).collect();
    providers.sort_unstable();
    AccessView {
        frame: admin.frame("Access"),
        user: search.user.clone().unwrap_or_default(),
        tool: search.tool.clone().unwrap_or_default(),
        query: search.q.clone().unwrap_or_default(),
        providers,
        problem: String::new(),
        guest: None,
        person: None,
        answer: None,
        users: None,
    }
}

fn answer(admin: &Admin, user: &User, site: &Site, tool: &str) -> Answer {
    let answer = explain::tool(&admin.snapshot, user, site, tool, admin.now);
    Answer {
        allowed: answer.allowed,
        because: answer.because,
        change: answer.change,
        remedy: answer.remedy,
    }
}

fn person(
    admin: &Admin,
    snapshot: &Snapshot,
    user: &User,
    mut tools: Vec<String>,
    search: &AccessSearch,
    known: bool,
) -> PersonView {
    let words = Words::new(search.q.as_deref().unwrap_or_default());
    tools.retain(|tool| words.are_in(&[tool]));
    let explained = explain::user(snapshot, user, admin.now);
    let closed = explained.connections.into_iter().filter(|it| !it.open);
    let mut closed: Vec<ClosedRow> = closed
        .filter(|it| words.are_in(&[&it.path]))
        .map(|it| ClosedRow {
            href: connection_href(&it.path),
            because: it.because.into_iter().next().unwrap_or_default(),
            path: it.path,
        })
        .collect();
    let closed_count = closed.len();
    closed.truncate(CLOSED);
    PersonView {
        email: user.email.to_string(),
        enabled: explained.enabled,
        known,
        admin: explained.admin,
        groups: explained.groups,
        claims_unsaid: explained.claims_unsaid,
        tools: Page::take(tools, search.page),
        closed,
        closed_count,
    }
}

fn users(admin: &Admin, site: &Site, tool: &str, search: &AccessSearch) -> UsersView {
    let company = admin.snapshot.company();
    let words = Words::new(search.q.as_deref().unwrap_or_default());
    let mut found = who(&admin.snapshot, site, tool, admin.now);
    let reasons = reasons(company, &found);
    found.retain(|(user, _)| words.are_in(&[user.email.as_str(), &user.name]));
    UsersView {
        reasons,
        users: Page::of(&found, search.page, |(user, because)| UserReach {
            email: user.email.to_string(),
            because: Short::text(&company.because_label(*because)),
        }),
    }
}

/// Somebody who never signed in is put into a copy of the company, and asked about like anybody.
async fn show_guest(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<Guest>,
) -> Result<Response, Fault> {
    let invited = guest::invite(&portal.doors, &admin.snapshot, &wish, admin.now)?;
    let Invited { snapshot, user } = invited;
    let tools = tools_of(&portal, &snapshot, user.id, admin.now);
    let search = AccessSearch { q: wish.q.clone(), page: wish.page, ..Default::default() };
    let mut view = empty(&admin, &search);
    view.person = Some(person(&admin, &snapshot, &user, tools, &search, false));
    view.guest = Some(wish);
    Ok(admin.show(&view))
}
