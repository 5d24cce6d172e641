//! Signing in.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use gatehall_domain::{Attempt, ProviderId, Snapshot, UserId, names::encoded};
use gatehall_identity::{Doors, Host, Next, Rejection, SignInFault, is_navigation};
use http::{StatusCode, request::Parts};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use url::form_urlencoded;

use super::{
    page::{Asked, Confirm, go, is_own, not_own, page, with_cookies},
    refused::{refused, refused_with},
    stuck::{Down, Stuck, WayIn},
};

type Shared = State<Arc<Doors>>;

/// Where to, and with whom.
#[derive(Deserialize)]
pub(super) struct Wish {
    rd: Option<String>,
    provider: Option<String>,
    /// Whether the person has to prove anew who they are.
    #[serde(default, deserialize_with = "flag")]
    again: bool,
}

/// No link that was made is longer.
const LONGEST_LINK: usize = 128;

/// Whatever is said but 0 means yes.
fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    String::deserialize(from).map(|said| said != "0")
}

#[derive(Template)]
#[template(path = "door/sign_in.html")]
struct SignIn {
    choices: Vec<Link>,
    stuck: Option<Stuck>,
}

struct Link {
    name: String,
    href: String,
}

struct Person {
    email: String,
    groups: Vec<String>,
}

impl Person {
    fn of(user: UserId, snapshot: &Snapshot) -> Option<Self> {
        let company = snapshot.company();
        let record = company.users.get(&user)?;
        let mut groups: Vec<String> =
            snapshot.groups(user).iter().map(|group| company.group_label(*group)).collect();
        groups.sort_unstable();
        Some(Self { email: record.email.to_string(), groups })
    }
}

/// Begins at once where there is nothing to choose.
pub(super) async fn start(
    State(doors): Shared,
    Extension(way_in): Extension<WayIn>,
    Asked(wish): Asked<Wish>,
    head: Parts,
) -> Response {
    // A sign-in begins where it ends, since its cookie is of that host alone.
    if let Some(home) = home(&doors, &head) {
        return to(&home);
    }
    let mut choices = doors.choices();
    let only = (choices.len() == 1).then(|| choices.remove(0).id);
    let named = wish.provider.map(|named| named.parse::<ProviderId>());
    let Some(provider) = named.or(only.map(Ok)) else {
        let mut back = form_urlencoded::Serializer::new(String::new());
        back.extend_pairs(wish.rd.map(|rd| ("rd", rd)));
        back.extend_pairs(wish.again.then_some(("again", "1")));
        let query = back.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        return to(&format!("/oauth2/sign_in{mark}{query}"));
    };
    let Ok(provider) = provider else { return refused(&SignInFault::NoProvider.into()) };
    match doors.begin_sign_in(&head, &provider, wish.rd.as_deref(), wish.again, &doors.snapshot()) {
        Ok(next) => go(next),
        Err(Rejection::SignIn(SignInFault::Provider)) => {
            Down::page(Stuck::of(&doors, &head, &way_in))
        }
        Err(rejection) => refused(&rejection),
    }
}

/// The page on which somebody chooses a provider. nginx shows it in place of what was asked for.
pub(super) async fn choose(
    State(doors): Shared,
    Extension(way_in): Extension<WayIn>,
    Asked(wish): Asked<Wish>,
    head: Parts,
) -> Response {
    let asked = head.headers.get("x-auth-request-redirect").and_then(|it| it.to_str().ok());
    // A program that was refused gets no page.
    if asked.is_some() && !is_navigation(&head.headers) {
        return (StatusCode::UNAUTHORIZED, "You are not signed in.\n").into_response();
    }
    let back = doors.return_to(wish.rd.as_deref().or(asked), &doors.snapshot());
    // The page may be shown on another host.
    let base = doors.public_url().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let base = base.unwrap_or_default();
    let link = |it: gatehall_identity::Choice| Link {
        href: format!(
            "{base}/oauth2/start?provider={}&rd={}{}",
            it.id,
            encoded(&back),
            if wish.again { "&again=1" } else { "" }
        ),
        name: it.name,
    };
    let stuck = Stuck::of(&doors, &head, &way_in);
    let sign_in = SignIn { choices: doors.choices().into_iter().map(link).collect(), stuck };
    // In place of what was asked for, it must not look like that.
    page(if asked.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK }, &sign_in)
}

pub(super) async fn callback(
    State(doors): Shared,
    Extension(way_in): Extension<WayIn>,
    head: Parts,
) -> Response {
    finish(&doors, &way_in, &head, None).await
}

pub(super) async fn own_callback(
    State(doors): Shared,
    Extension(way_in): Extension<WayIn>,
    Path(provider): Path<String>,
    head: Parts,
) -> Response {
    finish(&doors, &way_in, &head, Some(&provider)).await
}

async fn finish(doors: &Doors, way_in: &WayIn, head: &Parts, path: Option<&str>) -> Response {
    match doors.finish_sign_in(head, path, &doors.snapshot()).await {
        Ok(next) => go(next),
        Err(failed) => {
            let stuck = Stuck::of(doors, head, way_in);
            with_cookies(refused_with(&failed.rejection, stuck), failed.cookies)
        }
    }
}

/// Who is signed in, for programs.
pub(super) async fn userinfo(State(doors): Shared, head: Parts) -> Response {
    let snapshot = doors.snapshot();
    let session = doors.signed_in(&head, &snapshot);
    let Some((user, person)) =
        session.and_then(|it| Some((it.user, Person::of(it.user, &snapshot)?)))
    else {
        return (StatusCode::UNAUTHORIZED, "You are not signed in.\n").into_response();
    };
    Json(json!({
        "user": user.to_string(),
        "email": person.email,
        "groups": person.groups,
        "preferredUsername": person.email,
    }))
    .into_response()
}

/// A link alone signs nobody in: programs that look at links in messages must not use it up.
pub(super) async fn ask_link(Path(token): Path<String>) -> Response {
    if token.len() > LONGEST_LINK {
        return refused(&SignInFault::Link.into());
    }
    let action = format!("/sign-in/link/{}", encoded(&token));
    let confirm = Confirm {
        title: "Sign in",
        text: "This link signs you in once.",
        action: &action,
        button: "Sign in",
    };
    page(StatusCode::OK, &confirm)
}

pub(super) async fn use_link(
    State(doors): Shared,
    Path(token): Path<String>,
    head: Parts,
) -> Response {
    if !is_own(&head, &doors) {
        doors.note_foreign(&head, Attempt::SignIn, "link");
        return not_own(&head, &doors, "the link has not been used and still works");
    }
    match doors.sign_in_by_link(&head, &SecretString::from(token), &doors.snapshot()).await {
        Ok(next) => go(next),
        Err(rejection) => refused(&rejection),
    }
}

/// The same address at the gate's own host, for a request that came to another one.
fn home(doors: &Doors, head: &Parts) -> Option<String> {
    let public_url = doors.public_url()?;
    let name = Host::of(head).ok()??.name;
    let own = public_url.host_str()?.trim_matches(['[', ']']);
    let local = ["localhost", "127.0.0.1", "::1"];
    if name.eq_ignore_ascii_case(own) || local.contains(&name) {
        return None;
    }
    let asked = head.uri.path_and_query()?.as_str();
    public_url.join(asked).ok().map(Into::into)
}

fn to(location: &str) -> Response {
    go(Next { location: location.to_owned(), cookies: Vec::new() })
}
