//! Sessions begin, are used, end and are told to others; sign-in links work once.

use gatehall_domain::{Digest, ProviderLogin, Session, Sessions, UserId};
use gatehall_store::StoreError;
use gatehall_test_support::Kind;
use std::time::Duration;
use uuid::Uuid;

use crate::{on_both, sample::at, script::Script, store};

on_both!(
    sessions_end_as_they_are_named,
    what_began_after_a_logout_or_a_late_end_lives_on,
    a_use_moves_a_session_on,
    a_morning_of_sessions_is_written_at_once,
    a_sign_in_link_works_once_and_not_late,
);

#[tokio::test]
async fn the_end_of_a_session_does_not_wait_for_ever() {
    let (store, database) = store(Kind::Postgres).await;
    store.add_sessions(&[session(1, 1, None)]).await.unwrap();
    let mut script = Script::new(&database).await;
    script.must("begin").await;
    script.must("lock table sessions in exclusive mode").await;
    let ending = store.clone();
    let ended = tokio::spawn(async move {
        ending.end_sessions(&Sessions::User(UserId(Uuid::from_u128(1))), at(3_000)).await
    });
    let waiting = "select count(*)::text from pg_locks
        where not granted and relation = 'sessions'::regclass";
    while script.text(waiting).await == "0" {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let hour = Duration::from_secs(3600);
    let ended = tokio::time::timeout(hour, ended).await.expect("it waits for ever").unwrap();
    assert!(matches!(ended, Err(StoreError::Unreachable(_))), "{ended:?}");
}

fn session(number: u8, user: u128, provider_session: Option<&str>) -> Session {
    Session {
        id: Digest([number; 32]),
        user: UserId(Uuid::from_u128(user)),
        login: provider_session.map(|session| ProviderLogin {
            provider: "entra".parse().unwrap(),
            issuer: "https://issuer.example".into(),
            subject: format!("subject {user}"),
            session: Some(session.into()),
            issued_at: None,
            id_token: None,
        }),
        authenticated_at: at(1_000),
        created_at: at(1_000),
        seen_at: at(1_000),
        expires_at: at(9_000),
        ended_at: None,
    }
}

async fn sessions_end_as_they_are_named(kind: Kind) {
    let (store, _database) = store(kind).await;
    let all = [session(1, 1, Some("a")), session(2, 1, Some("b")), session(3, 2, None)];
    for session in &all {
        store.add_sessions(std::slice::from_ref(session)).await.unwrap();
    }
    assert_eq!(store.sessions_since(at(0), at(2_000)).await.unwrap(), all);
    assert_eq!(store.sessions_since(at(0), at(9_000)).await.unwrap(), [], "all have expired");

    let account = |subject: Option<&str>, session: Option<&str>| Sessions::Account {
        issuer: "https://issuer.example".into(),
        subject: subject.map(str::to_owned),
        session: session.map(str::to_owned),
        until: None,
    };
    let end = async |which: Sessions| store.end_sessions(&which, at(3_000)).await.unwrap();
    assert_eq!(end(account(Some("subject 2"), None)).await, 0);
    assert_eq!(end(account(None, Some("a"))).await, 1);
    assert_eq!(end(account(Some("subject 1"), None)).await, 1, "the other has ended already");
    assert_eq!(end(Sessions::User(all[2].user)).await, 1);
    assert_eq!(end(Sessions::One(all[2].id)).await, 0);

    let news = store.sessions_since(at(3_000), at(3_000)).await.unwrap();
    assert!(news.len() == 3 && news.iter().all(|it| it.ended_at == Some(at(3_000))));
}

async fn what_began_after_a_logout_or_a_late_end_lives_on(kind: Kind) {
    let (store, _database) = store(kind).await;
    let seconds = |seconds: i64| at(seconds * 1_000_000);
    let begun = |number, issued_at, created| {
        let mut it = session(number, 1, Some("a"));
        it.login.as_mut().unwrap().issued_at = issued_at;
        (it.created_at, it.expires_at) = (seconds(created), seconds(9_000));
        it
    };
    // This machine's clock is far ahead of the provider's; the last two do not know that one.
    let all = [
        begun(1, Some(10), 200),
        begun(2, Some(20), 210),
        begun(3, Some(21), 211),
        begun(4, None, 80),
        begun(5, None, 81),
    ];
    for session in &all {
        store.add_sessions(std::slice::from_ref(session)).await.unwrap();
        let kept = store.session(session.id, seconds(300)).await.unwrap();
        assert_eq!(kept.as_ref(), Some(session));
    }
    let logout = Sessions::Account {
        issuer: "https://issuer.example".into(),
        subject: Some("subject 1".into()),
        session: None,
        until: Some(20),
    };
    let alive = async || {
        let sessions = store.sessions_of(UserId(Uuid::from_u128(1)), seconds(300)).await.unwrap();
        let mut alive: Vec<u8> = sessions.iter().map(|it| it.id.0[0]).collect();
        alive.sort_unstable();
        alive
    };
    // The store and the index ask the same.
    let meant = all.iter().filter(|it| !logout.means(it)).map(|it| it.id.0[0]);
    let left: Vec<u8> = meant.collect();
    assert_eq!(store.end_sessions(&logout, seconds(300)).await.unwrap(), 3);
    assert_eq!((alive().await, left), (vec![3, 5], vec![3, 5]));

    let everything = Sessions::User(UserId(Uuid::from_u128(1)));
    let late = [(everything, seconds(100))];
    let late = store.end_sessions_late(&late, seconds(300));
    assert_eq!(late.await.unwrap(), 1);
    assert_eq!(alive().await, [3], "it began after somebody wanted the end");
}

async fn a_use_moves_a_session_on(kind: Kind) {
    let (store, _database) = store(kind).await;
    store.add_sessions(&[session(1, 1, None)]).await.unwrap();
    let used = [(Digest([1; 32]), at(4_000)), (Digest([9; 32]), at(4_000))];
    store.record_session_uses(&used, at(4_100)).await.unwrap();
    assert_eq!(store.session_uses(at(4_000)).await.unwrap(), [(Digest([1; 32]), at(4_000))]);
    assert_eq!(store.session_uses(at(4_001)).await.unwrap(), []);
    assert_eq!(store.sessions_since(at(4_000), at(4_000)).await.unwrap(), [], "no news");
    let session = store.session(Digest([1; 32]), at(4_000)).await.unwrap();
    assert_eq!(session.map(|it| it.seen_at), Some(at(4_000)));
}

async fn a_morning_of_sessions_is_written_at_once(kind: Kind) {
    let (store, _database) = store(kind).await;
    // More than one statement's worth, and of every size.
    let all: Vec<Session> = (0..1301_u128)
        .map(|number| {
            let mut id = [0; 32];
            id[..16].copy_from_slice(&number.to_be_bytes());
            Session { id: Digest(id), ..session(0, number, Some("a")) }
        })
        .collect();
    store.add_sessions(&all).await.unwrap();
    assert!(store.add_sessions(&all[..2]).await.is_err(), "these are there");
    assert_eq!(store.sessions_since(at(0), at(2_000)).await.unwrap().len(), all.len());

    let used: Vec<_> = all.iter().map(|it| (it.id, at(4_000))).collect();
    store.record_session_uses(&used, at(4_100)).await.unwrap();
    let earlier: Vec<_> = all.iter().map(|it| (it.id, at(3_000))).collect();
    store.record_session_uses(&earlier, at(4_100)).await.unwrap();
    let mut seen = store.session_uses(at(0)).await.unwrap();
    seen.sort_by_key(|(id, _)| id.0);
    assert_eq!(seen, used);

    let owed: Vec<_> = all.iter().map(|it| (Sessions::One(it.id), at(4_000))).collect();
    assert_eq!(store.end_sessions_late(&owed, at(4_200)).await.unwrap(), all.len() as u64);
    assert_eq!(store.end_sessions_late(&owed, at(4_300)).await.unwrap(), 0);
}

async fn a_sign_in_link_works_once_and_not_late(kind: Kind) {
    let (store, _database) = store(kind).await;
    let (first, second) = (Digest([1; 32]), Digest([2; 32]));
    let user = UserId(Uuid::from_u128(7));
    for digest in [first, second] {
        store.add_sign_in_link(digest, user, at(1_000), at(2_000)).await.unwrap();
    }
    assert_eq!(store.use_sign_in_link(first, at(1_999)).await.unwrap(), Some(user));
    assert_eq!(store.use_sign_in_link(first, at(1_999)).await.unwrap(), None);
    assert_eq!(store.use_sign_in_link(second, at(2_000)).await.unwrap(), None);
}
