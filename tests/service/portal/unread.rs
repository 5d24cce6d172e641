//! A row that cannot be read while gates are running, and when one starts.

use gatehall_domain::{Change, Effect, Grant, GrantId, Subject, Target};
use gatehall_test_support::{Kind, sql};
use serde_json::{Value, json};

use super::{ADA, ALICE, MIKE, Visitor, company};
use crate::{on_both, support::eventually};

on_both!(
    a_deny_grant_that_cannot_be_read_denies_more_and_nobody_else_notices,
    a_database_that_went_back_is_followed,
);

async fn a_deny_grant_that_cannot_be_read_denies_more_and_nobody_else_notices(kind: Kind) {
    let world = company(kind).await;
    world
        .change(|snapshot| {
            let company = snapshot.company();
            let user = company.user_by_email(&ALICE.parse().unwrap()).unwrap().id;
            let path = "google/time".parse().unwrap();
            let connection = company.connection_by_path(&path).unwrap().id;
            let denied = Grant {
                id: GrantId(uuid::Uuid::now_v7()),
                subject: Subject::User(user),
                target: Target::Connection(connection),
                tools: Some("convert_*".parse().unwrap()),
                effect: Effect::Deny,
                created_at: world.desk.clock().now(),
            };
            Ok(vec![Change::Add(denied.into())])
        })
        .await;
    let (alice, mike) = (world.user(ALICE).await, world.user(MIKE).await);
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let todo = async || {
        let overview = ada.get("/api/v1/overview").await.json();
        let kinds = overview["todo"].as_array().unwrap().clone();
        kinds.into_iter().find(|it| it["kind"] == "Rows that cannot be read")
    };
    assert_eq!(alice.tools("/mcp").await, ["google_time_get_current_time"]);
    assert_eq!(mike.tools("/mcp").await, ["microsoft_time_get_current_time"]);
    assert_eq!(todo().await, None);

    let revision = "update revision set number = number + 1";
    sql(
        &world.database,
        &format!("update grants set tool_pattern = '' where effect = 'deny'; {revision}"),
    );
    world.catch_up().await;
    assert_eq!(alice.tools("/mcp").await, [""; 0]);
    assert_eq!(mike.tools("/mcp").await, ["microsoft_time_get_current_time"]);
    let told: Value = todo().await.unwrap();
    let text = told["things"][0].to_string();
    assert!(text.contains("grants") && text.contains("tool_pattern"), "{told}");
    // Changes go on, and a gate starts.
    ada.post("/groups/google-people", &[("description", "changed")]).await.revision();
    let second = world.replica().await;
    let address = format!("http://{}", second.address);
    eventually("the second gate has its tools", async || {
        (mike.at(address.clone()).tools("/mcp").await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(alice.at(address).tools("/mcp").await, [""; 0]);
    second.stop(std::future::ready(())).await;

    sql(
        &world.database,
        &format!("update grants set tool_pattern = 'convert_*' where effect = 'deny'; {revision}"),
    );
    world.catch_up().await;
    assert_eq!(alice.tools("/mcp").await, ["google_time_get_current_time"]);
    assert_eq!(todo().await, None);
}

/// As after a restore: the number is a smaller one, and what it numbers is another company.
async fn a_database_that_went_back_is_followed(kind: Kind) {
    let world = company(kind).await;
    let (alice, ada) = (world.user(ALICE).await, Visitor::signed_in(&world, ADA, 0).await);
    for description in ["one", "two", "three"] {
        ada.post("/groups/google-people", &[("description", description)]).await.revision();
    }
    assert!(!alice.tools("/mcp").await.is_empty());
    sql(
        &world.database,
        &format!(
            "update users set enabled = false where email = '{ALICE}'; \
             update revision set number = number - 2"
        ),
    );
    eventually("the gate follows", async || {
        let seen = alice.rpc("/mcp", "tools/list", json!({})).await;
        (seen.status == 401).then_some(())
    })
    .await;
    // Changes go on from there, and are served at once.
    let changed = ada.post("/groups/google-people", &[("description", "four")]).await;
    changed.revision();
    let shown = ada.get("/api/v1/groups/google-people").await.json();
    assert_eq!(shown["description"], "four", "{shown}");
}
