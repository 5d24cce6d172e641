//! What was set up at Open WebUI follows the company by itself.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use gatehall::settings::ServeSettings;
use gatehall_control::operation::group;
use gatehall_test_support::Kind;
use reqwest::Method;
use serde_json::Value;

use crate::{
    on_both,
    portal::{ADA, ALICE, Visitor, company_with},
    support::{
        World, eventually,
        open_webui::{API_KEY, INES, OpenWebUi, PASSWORD},
    },
};

on_both!(
    groups_and_who_is_in_them_follow_by_themselves,
    while_it_is_away_that_is_said_and_nothing_waits_for_it,
    what_was_never_set_up_stays_as_it_is,
    two_gates_make_one_group,
    one_session_serves_until_it_is_ended,
    what_is_taken_back_is_kept_in_step_no_more,
    a_connection_that_lost_all_it_had_is_mended,
);

fn following(chat: &OpenWebUi) -> impl Fn(&mut ServeSettings) + use<> {
    let url = chat.url.clone();
    move |settings| {
        settings.wiring.open_webui_url = url.parse().ok();
        settings.wiring.proof.0.open_webui_admin_token = Some(API_KEY.to_owned().into());
        settings.wiring.open_webui_follow = true;
    }
}

/// A company whose Open WebUI is set up, and follows.
async fn set_up(kind: Kind, chat: &OpenWebUi) -> (World, Visitor) {
    set_up_as(kind, following(chat)).await
}

async fn set_up_as(kind: Kind, set: impl Fn(&mut ServeSettings)) -> (World, Visitor) {
    let world = company_with(kind, set).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    eventually("nobody is at it", async || {
        let gate = world.address();
        let seen = ada.send(Method::POST, "/api/v1/open-webui/apply", &[("gate", &gate)]).await;
        seen.status.is_success().then_some(())
    })
    .await;
    (world, ada)
}

async fn state(ada: &Visitor) -> Value {
    ada.get("/api/v1/open-webui").await.json()["chats"][0].clone()
}

async fn groups_and_who_is_in_them_follow_by_themselves(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let (world, ada) = set_up(kind, &chat).await;
    assert_eq!(chat.members("google-people"), Some(vec!["alice".to_owned()]));
    ada.post("/groups/google-people", &[("group", "google-staff")]).await.revision();
    eventually("the group has its new name", async || chat.members("google-staff")).await;
    assert_eq!(chat.members("google-people"), None, "it is the same group");
    ada.post("/groups/google-staff", &[("remove_members", ALICE)]).await.revision();
    eventually("Alice is out", async || {
        chat.members("google-staff").is_some_and(|it| it.is_empty()).then_some(())
    })
    .await;
    // Who changes it at the command line changes it there, too.
    world
        .change(|snapshot| {
            let now = world.desk.clock().now();
            Ok(group::add(snapshot.company(), &"newcomers".parse()?, "", now)?)
        })
        .await;
    eventually("the new group", async || chat.members("newcomers")).await;
    let state = state(&ada).await;
    assert_eq!(state["follows"], true, "{state}");
    assert!(state["in_step_at"].is_string(), "{state}");
}

async fn while_it_is_away_that_is_said_and_nothing_waits_for_it(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let (world, ada) = set_up(kind, &chat).await;
    chat.inside().is_away = true;
    ada.post("/groups", &[("group", "newcomers")]).await.revision();
    let failing = eventually("it is said", async || {
        let state = state(&ada).await;
        state["failing_since"].is_string().then_some(state)
    })
    .await;
    assert!(failing["failing"].as_str().unwrap().contains("502"), "{failing}");
    let page = ada.get("/open-webui").await.text;
    assert!(page.contains("It has been out of sync"), "{page}");
    assert!(page.contains("<dt>In sync</dt><dd>no"), "{page}");
    // The gate serves, whatever becomes of it.
    assert!(!world.user(ALICE).await.tools("/mcp").await.is_empty());
    chat.inside().is_away = false;
    eventually("it is brought over when it is back", async || chat.members("newcomers")).await;
    eventually("that is said, too", async || {
        state(&ada).await["failing_since"].is_null().then_some(())
    })
    .await;
}

async fn what_was_never_set_up_stays_as_it_is(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, following(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    eventually("it is looked at", async || {
        (chat.count("GET /api/v1/configs/tool_servers") > 0).then_some(())
    })
    .await;
    ada.post("/groups", &[("group", "newcomers")]).await.revision();
    eventually("it is looked at again", async || {
        (chat.count("GET /api/v1/configs/tool_servers") > 1).then_some(())
    })
    .await;
    let inside = chat.inside();
    let changes =
        inside.asked.iter().filter(|it| it.starts_with("POST") || it.starts_with("DELETE"));
    assert_eq!(changes.count(), 0, "{:?}", inside.asked);
}

async fn two_gates_make_one_group(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let (world, ada) = set_up(kind, &chat).await;
    let other = world.replica().await;
    for at in 0..5 {
        let name = format!("group-{at}");
        ada.post("/groups", &[("group", &name)]).await.revision();
        eventually("the group is there", async || chat.members(&name)).await;
    }
    let mut names: Vec<String> = chat.inside().groups.values().map(|it| it.0.clone()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    other.stop(std::future::pending()).await;
}

async fn one_session_serves_until_it_is_ended(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let set = |settings: &mut ServeSettings| {
        following(&chat)(settings);
        settings.wiring.proof.0.open_webui_admin_token = None;
        settings.wiring.proof.0.open_webui_admin_email = INES.parse().ok();
        settings.wiring.proof.0.open_webui_admin_password_file = Some(file.clone());
    };
    let (_world, ada) = set_up_as(kind, set).await;
    eventually("it is in step", async || state(&ada).await["in_step_at"].is_string().then_some(()))
        .await;
    let begun = || chat.count("POST /api/v1/auths/signin");
    let before = begun();
    for name in ["first", "second", "third"] {
        ada.post("/groups", &[("group", name)]).await.revision();
        eventually("the group is there", async || chat.members(name)).await;
    }
    assert_eq!(begun(), before, "nobody signs in for each change");
    chat.inside().end_sessions();
    ada.post("/groups", &[("group", "fourth")]).await.revision();
    eventually("the group is there", async || chat.members("fourth")).await;
    assert_eq!(begun(), before + 1);
}

async fn what_is_taken_back_is_kept_in_step_no_more(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let (_world, ada) = set_up(kind, &chat).await;
    eventually("it is in step", async || state(&ada).await["in_step_at"].is_string().then_some(()))
        .await;
    eventually("nobody is at it", async || {
        let undone = ada.post("/open-webui/undo", &[("apply", "true")]).await;
        undone.status.is_redirection().then_some(())
    })
    .await;
    let page = ada.get("/open-webui").await.text;
    assert!(
        page.contains("not set up from here") && page.contains("as soon as it is set up"),
        "{page}"
    );
    assert!(!page.contains("in sync on"), "{page}");
    assert!(state(&ada).await["in_step_at"].is_null());
}

async fn a_connection_that_lost_all_it_had_is_mended(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let (_world, ada) = set_up(kind, &chat).await;
    for name in ["key", "config", "url"] {
        chat.inside().connections[0].as_object_mut().unwrap().remove(name);
    }
    ada.post("/groups", &[("group", "newcomers")]).await.revision();
    eventually("the new group", async || chat.members("newcomers")).await;
    eventually("the connection", async || {
        chat.inside().connections[0]["key"].is_string().then_some(())
    })
    .await;
}
