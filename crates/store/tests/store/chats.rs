//! What gates tell each other of Open WebUIs.

use std::{net::IpAddr, sync::Arc};

use gatehall_domain::{Attempt, EntryEvent, RefusedAccount, User, UserId};
use gatehall_store::{Actor, EventFilter, Replica, Store};
use gatehall_test_support::Kind;
use uuid::Uuid;

use crate::{
    on_both,
    sample::{additions, at, user},
    store,
};

on_both!(
    a_secret_is_kept_until_it_may_be_replaced,
    what_gates_say_is_there_as_long_as_they_are,
    a_refused_account_is_kept_once_and_forgotten_after_a_month,
    a_refusal_is_found_with_the_address_that_was_claimed,
);

async fn a_secret_is_kept_until_it_may_be_replaced(kind: Kind) {
    let (store, database) = store(kind).await;
    let keep = async |store: &Store, fingerprint: &str, replace| {
        store.keep_open_webui_secret("open-webui", fingerprint, replace, at(1)).await.unwrap()
    };
    assert_eq!(keep(&store, "aaaaaaaa", false).await, "aaaaaaaa");
    // Of two gates that begin at once, on a database of their own each, one hears of the other.
    let other = Store::open(&database.url).await.unwrap();
    assert_eq!(keep(&other, "bbbbbbbb", false).await, "aaaaaaaa");
    assert_eq!(keep(&other, "bbbbbbbb", true).await, "bbbbbbbb");
    store.keep_open_webui_secret("open-webui-sales", "cccccccc", false, at(2)).await.unwrap();
    let kept = store.open_webui_secrets().await.unwrap();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(kept["open-webui"], "bbbbbbbb");
}

async fn what_gates_say_is_there_as_long_as_they_are(kind: Kind) {
    let (store, _database) = store(kind).await;
    let say = async |name: &str, text: &str, when| {
        let replica = Replica {
            name: name.into(),
            version: "1".into(),
            public_url: None,
            revision: 0,
            started_at: at(1),
            seen_at: at(when),
            chats: Some(text.into()),
        };
        store.put_replica(&replica).await.unwrap();
    };
    say("one", "1", 100).await;
    say("two", "2", 100).await;
    say("one", "3", 110).await;
    let said = async |since| -> Vec<(String, String)> {
        let gates = store.replicas(at(since)).await.unwrap();
        gates.into_iter().map(|it| (it.name, it.chats.unwrap())).collect()
    };
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(said(90).await, [pair("one", "3"), pair("two", "2")]);
    assert_eq!(said(105).await, [pair("one", "3")], "the other is silent");
    store.remove_replica("one").await.unwrap();
    assert_eq!(said(90).await, [pair("two", "2")]);
}

async fn a_refused_account_is_kept_once_and_forgotten_after_a_month(kind: Kind) {
    let (store, _database) = store(kind).await;
    let account = |user: u128, subject: &str, when| RefusedAccount {
        issuer: "open-webui".into(),
        subject: subject.into(),
        user: UserId(Uuid::from_u128(user)),
        at: at(when),
    };
    let first = [account(1, "a", 10), account(2, "b", 11)];
    store.put_refused_accounts(&first, at(12)).await.unwrap();
    store.put_refused_accounts(&[account(1, "c", 20)], at(21)).await.unwrap();
    let kept = async |now| store.refused_accounts(now).await.unwrap();
    assert_eq!(kept(at(30)).await, [account(1, "c", 20), account(2, "b", 11)]);
    let of = async |user, now| {
        store.refused_accounts_of(UserId(Uuid::from_u128(user)), now).await.unwrap()
    };
    assert_eq!(of(2, at(30)).await, [account(2, "b", 11)]);
    assert_eq!(of(2, at(15).plus_seconds(30 * 24 * 3600)).await, [], "it is too old");
    assert_eq!(of(3, at(30)).await, []);
    assert_eq!(kept(at(15).plus_seconds(30 * 24 * 3600)).await, [account(1, "c", 20)]);
}

async fn a_refusal_is_found_with_the_address_that_was_claimed(kind: Kind) {
    let (store, _database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let alice: User = user("alice@google.example");
    store
        .apply(&empty, &additions(vec![alice.clone().into()]), &Actor::command_line(), at(1))
        .await
        .unwrap();
    let event = EntryEvent {
        at: at(2),
        snapshot: Arc::new(store.load().await.unwrap()),
        attempt: Attempt::Enter,
        door: "open-webui".into(),
        user: None,
        claimed: Some(alice.email.clone()),
        place: "/mcp".into(),
        address: IpAddr::from([192, 0, 2, 1]),
        refused: Some("person.other-account"),
    };
    store.record_events(&[event.into()]).await.unwrap();
    let filter = EventFilter { user: Some(alice.id), limit: 5, ..EventFilter::default() };
    let events = store.events(&filter).await.unwrap();
    let found = events.iter().find(|it| it.action == "enter").unwrap();
    assert_eq!(found.actor, "nobody", "it is not known to be her");
    let reason = found.reason.as_deref().unwrap();
    assert_eq!(reason, "person.other-account, as alice@google.example, from 192.0.2.1");
}
