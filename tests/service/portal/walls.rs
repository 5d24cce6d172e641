//! Every way into the portal, walked by everybody.

use std::collections::BTreeMap;

use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};

use super::{ADA, ALICE, MIKE, Seen, TINA, Visitor, company};
use crate::{on_both, support::World};

on_both!(
    everybody_enters_exactly_what_is_theirs,
    a_tenant_admin_sees_and_changes_nothing_of_other_tenants,
);

/// Who may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Authority {
    SignedIn,
    /// Whoever manages any tenant, and administrators.
    Manager,
    /// Whoever manages google, and administrators.
    Google,
    Admin,
}
use Authority::{Admin, Google, Manager, SignedIn};

/// Every page with its authority. An operation of the API has that of its page.
const TABLE: &[(Authority, &str)] = &[
    (SignedIn, "GET /"),
    (SignedIn, "GET /me"),
    (SignedIn, "GET /shortcuts"),
    (SignedIn, "POST /me/keys"),
    (SignedIn, "POST /me/keys/{id}/remove"),
    (SignedIn, "POST /me/preferences"),
    (Manager, "GET /audit"),
    (Manager, "GET /audit/export.csv"),
    (Google, "GET /audit/{id}"),
    (Manager, "GET /connections"),
    (Manager, "GET /grants"),
    (Manager, "GET /grants/add"),
    (Manager, "GET /grants/preview"),
    (Google, "GET /grants/{id}"),
    (Manager, "GET /search"),
    (Manager, "GET /tenants"),
    (Manager, "GET /tools"),
    (Google, "GET /tools/{name}"),
    (Manager, "POST /grants"),
    (Manager, "POST /grants/{id}/remove"),
    (Google, "POST /tools/{name}/call"),
    (Manager, "POST /tools/{name}/hide"),
    (Manager, "POST /undo"),
    (Google, "GET /connections/{tenant}/{server}"),
    (Google, "GET /tenants/{tenant}"),
    (Google, "POST /connections/{tenant}/{server}"),
    (Google, "POST /connections/{tenant}/{server}/credentials"),
    (Google, "POST /connections/{tenant}/{server}/credentials/remove"),
    (Google, "POST /connections/{tenant}/{server}/test"),
    (Admin, "GET /access"),
    (Admin, "GET /accounts"),
    (Admin, "GET /connections/add"),
    (Admin, "GET /export"),
    (Admin, "GET /groups"),
    (Admin, "GET /groups/add"),
    (Admin, "GET /groups/{group}"),
    (Admin, "GET /host-rules"),
    (Admin, "GET /host-rules/{id}"),
    (Admin, "GET /import"),
    (Admin, "GET /keys"),
    (Admin, "GET /keys/add"),
    (Admin, "GET /keys/{id}"),
    (Admin, "GET /members"),
    (Admin, "GET /open-webui"),
    (Admin, "GET /overview"),
    (Admin, "GET /providers"),
    (Admin, "GET /providers/add"),
    (Admin, "GET /providers/{id}"),
    (Admin, "GET /servers"),
    (Admin, "GET /servers/add"),
    (Admin, "GET /servers/{server}"),
    (Admin, "GET /settings"),
    (Admin, "GET /tenants/add"),
    (Admin, "GET /users"),
    (Admin, "GET /users/add"),
    (Admin, "GET /users/{email}"),
    (Admin, "POST /access/guest"),
    (Admin, "POST /accounts/unbind"),
    (Admin, "POST /connections"),
    (Admin, "POST /connections/{tenant}/{server}/remove"),
    (Admin, "POST /groups"),
    (Admin, "POST /groups/{group}"),
    (Admin, "POST /groups/{group}/remove"),
    (Admin, "POST /host-rules"),
    (Admin, "POST /host-rules/{id}"),
    (Admin, "POST /host-rules/{id}/remove"),
    (Admin, "POST /import"),
    (Admin, "POST /import/plan"),
    (Admin, "POST /import/wrong.csv"),
    (Admin, "POST /keys"),
    (Admin, "POST /keys/{id}/remove"),
    (Admin, "POST /members"),
    (Admin, "POST /members/review"),
    (Admin, "POST /open-webui/apply"),
    (Admin, "POST /open-webui/check"),
    (Admin, "POST /open-webui/plan"),
    (Admin, "POST /open-webui/undo"),
    (Admin, "POST /providers"),
    (Admin, "POST /providers/{id}"),
    (Admin, "POST /providers/{id}/mappings"),
    (Admin, "POST /providers/{id}/mappings/{mapping}/remove"),
    (Admin, "POST /providers/{id}/remove"),
    (Admin, "POST /servers"),
    (Admin, "POST /servers/{server}"),
    (Admin, "POST /servers/{server}/remove"),
    (Admin, "POST /settings/doctor"),
    (Admin, "POST /tenants"),
    (Admin, "POST /tenants/{tenant}"),
    (Admin, "POST /tenants/{tenant}/admins"),
    (Admin, "POST /tenants/{tenant}/remove"),
    (Admin, "POST /users"),
    (Admin, "POST /users/{email}"),
    (Admin, "POST /users/{email}/remove"),
    (Admin, "POST /users/{email}/sign-out"),
];

/// The page to which an operation of the API belongs.
fn page_of(method: &str, path: &str) -> String {
    match (method, path.strip_prefix("/api/v1")) {
        ("PATCH", Some(path)) => format!("POST {path}"),
        ("DELETE", Some(path)) => format!("POST {path}/remove"),
        (method, Some(path)) => format!("{method} {path}"),
        (method, None) => format!("{method} {path}"),
    }
}

async fn everybody_enters_exactly_what_is_theirs(kind: Kind) {
    let world = company(kind).await;
    let table: BTreeMap<&str, Authority> = TABLE.iter().map(|(who, way)| (*way, *who)).collect();
    let names = names(&world).await;
    let people = [
        (Visitor::nobody(&world), None),
        (Visitor::signed_in(&world, ALICE, 0).await, Some(SignedIn)),
        (Visitor::signed_in(&world, MIKE, 0).await, Some(Manager)),
        (Visitor::signed_in(&world, TINA, 0).await, Some(Google)),
        (Visitor::signed_in(&world, ADA, 0).await, Some(Admin)),
    ];
    let mut walked = 0;
    for way in gatehall_portal::ways() {
        let page = page_of(way.method, &way.path);
        let needed =
            *table.get(page.as_str()).unwrap_or_else(|| panic!("{page} is not in the table"));
        let path = fill(&way.path, &names);
        let method: Method = way.method.parse().unwrap();
        for (visitor, role) in &people {
            // What is sent cannot be read, so that nothing happens even where it may.
            let seen = visitor.send(method.clone(), &path, &[("nonsense", "1")]).await;
            let let_in = role.is_some_and(|role| role >= needed);
            check(&format!("{} {path} as {role:?}", way.method), &seen, *role, let_in);
            walked += 1;
        }
    }
    assert!(walked > 700, "{walked}");
    let left = TABLE.iter().filter(|(_, way)| {
        !gatehall_portal::ways().iter().any(|it| page_of(it.method, &it.path) == *way)
    });
    assert_eq!(left.count(), 0, "the table names only what there is");
    assert_eq!(
        world.desk.store().revision().await.unwrap(),
        world.desk.snapshot().await.unwrap().revision()
    );
}

fn check(what: &str, seen: &Seen, role: Option<Authority>, let_in: bool) {
    let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&seen.status);
    match role {
        None if seen.status == StatusCode::SEE_OTHER => {
            assert!(seen.location.starts_with("/oauth2/start?rd="), "{what}: {seen:?}");
        }
        None => assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{what}: {seen:?}"),
        Some(_) if let_in => {
            assert!(!refused && seen.status != StatusCode::UNAUTHORIZED, "{what}: {seen:?}");
            assert!(!seen.status.is_server_error(), "{what}: {seen:?}");
        }
        // Input that cannot be read is refused before anybody asks whose tool it is.
        Some(Manager) if what.contains("/call as") => {
            assert!(refused || seen.status == StatusCode::UNPROCESSABLE_ENTITY, "{what}: {seen:?}");
        }
        Some(_) => assert!(refused, "{what}: {seen:?}"),
    }
}

/// What stands for the names in paths. The grant and the event are of google.
async fn names(world: &World) -> BTreeMap<&'static str, String> {
    let snapshot = world.desk.snapshot().await.unwrap();
    let company = snapshot.company();
    let google = |grant: &&std::sync::Arc<gatehall_domain::Grant>| {
        company.grant_label(grant).contains("google-people")
    };
    let grant = company.grants.values().find(google).unwrap();
    let filter = EventFilter { tenant: "google".parse().ok(), limit: 1, ..EventFilter::default() };
    let event = world.desk.store().events(&filter).await.unwrap().remove(0);
    let rule = company.host_rules.keys().next().unwrap();
    let key = world.key(Some(ADA), None).await;
    [
        ("tenant", "google".to_owned()),
        ("server", "time".into()),
        ("email", ALICE.into()),
        ("group", "google-people".into()),
        ("name", "google_time_get_current_time".into()),
        ("grant", grant.id.to_string()),
        ("rule", rule.to_string()),
        ("key", key.split('_').nth(1).unwrap().to_owned()),
        ("mapping", rule.to_string()),
        ("event", event.id.to_string()),
    ]
    .into()
}

fn fill(path: &str, names: &BTreeMap<&str, String>) -> String {
    let id = match path {
        _ if path.contains("/grants/") => &names["grant"],
        _ if path.contains("/host-rules/") => &names["rule"],
        _ if path.contains("/keys/") => &names["key"],
        _ if path.contains("/audit/") => &names["event"],
        _ => "entra",
    };
    let path = path.replace("{id}", id);
    names.iter().fold(path, |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

async fn a_tenant_admin_sees_and_changes_nothing_of_other_tenants(kind: Kind) {
    let world = company(kind).await;
    let names = names(&world).await;
    let (tina, mike) =
        (Visitor::signed_in(&world, TINA, 0).await, Visitor::signed_in(&world, MIKE, 0).await);
    let grant = format!("/grants/{}", names["grant"]);
    for path in [
        grant.as_str(),
        "/tenants/google",
        "/connections/google/time",
        "/tools/google_time_get_current_time",
        "/audit?q=tenant:google",
    ] {
        for path in [path.to_owned(), format!("/api/v1{path}")] {
            assert_eq!(tina.get(&path).await.status, StatusCode::OK, "{path}");
            let seen = mike.get(&path).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}: {}", seen.text);
            assert!(!seen.text.contains("google"), "{path}: {}", seen.text);
        }
    }
    // What is typed into the form for grants is answered in the page, as there is nothing.
    let preview = "/grants/preview?connection=google/time";
    assert!(tina.get(preview).await.text.contains("google_time_get_current_time"));
    let seen = mike.get(preview).await.text;
    assert!(seen.contains("does not exist, or you do not have access to it"), "{seen}");
    assert!(!seen.contains("get_current_time"), "{seen}");
    let seen = mike.get(&format!("/api/v1{preview}")).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND, "{}", seen.text);
    // Lists hold their own.
    for path in
        ["/tenants", "/connections", "/tools", "/grants", "/grants/add", "/search?q=o", "/audit"]
    {
        let seen = mike
            .get(&format!("/api/v1{}", if path == "/grants/add" { "/grants" } else { path }))
            .await;
        assert_eq!(seen.status, StatusCode::OK, "{path}");
        assert!(!seen.text.contains("google"), "{path}: {}", seen.text);
        assert!(!mike.get(path).await.text.contains("google"), "{path}");
    }
    // Nor can they change or use any of it.
    for (path, fields) in [
        (format!("{grant}/remove"), &[][..]),
        ("/grants".into(), &[("group", "google-people"), ("tenant", "google")]),
        ("/grants".into(), &[("user", MIKE), ("connection", "google/time")]),
        ("/tools/google_time_get_current_time/hide".into(), &[("hidden", "true")]),
        ("/tools/google_time_get_current_time/call".into(), &[("argument.timezone", "UTC")]),
        ("/connections/google/time".into(), &[("enabled", "false")]),
    ] {
        let seen = mike.post(&path, fields).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}: {}", seen.text);
    }
    // What an administrator denied or hid stays so.
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let tool = "/tools/google_time_get_current_time/hide";
    ada.post(tool, &[("hidden", "true")]).await.revision();
    assert_eq!(tina.post(tool, &[("hidden", "false")]).await.status, StatusCode::FORBIDDEN);
    let rows = tina.get("/api/v1/grants?q=may+not").await.json();
    let denied = rows["grants"]["rows"][0]["id"].as_str().unwrap().to_owned();
    let removed = tina.post(&format!("/grants/{denied}/remove"), &[]).await;
    assert_eq!(removed.status, StatusCode::FORBIDDEN);
    let limits = [("concurrent_calls", "100000")];
    assert_eq!(tina.post("/connections/google/time", &limits).await.status, StatusCode::FORBIDDEN);
    // What they manage is theirs, but not more than that.
    let own = "/connections/microsoft/time";
    assert_eq!(mike.post(own, &[("enabled", "false")]).await.status, StatusCode::SEE_OTHER);
    let elsewhere = [("url", "http://169.254.169.254/")];
    assert_eq!(mike.post(own, &elsewhere).await.status, StatusCode::FORBIDDEN);
    let variable = [("placement", "environment:KEY"), ("environment", "PATH")];
    let seen = mike.post(&format!("{own}/credentials"), &variable).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    let remove = mike.post("/tenants/microsoft/admins", &[("add", ALICE)]).await;
    assert_eq!(remove.status, StatusCode::FORBIDDEN);
}
