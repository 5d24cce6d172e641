//! Several Open WebUIs, each with its own secret, accounts, domains and administrators.

use super::{
    people::{ALICE, BOB},
    *,
};

const SALES: &str = "the secret of sales, also long enough";

/// The same words of one Open WebUI or of another.
fn from(secret: &str, email: &str) -> String {
    token(Algorithm::HS256, secret, &claims(email, NOW + 300))
}

fn two_chats(company: &mut Company, settings: &mut DoorSettings) {
    let mut sales = chat("open-webui-sales", SALES);
    sales.domains = vec!["microsoft.example".into()];
    sales.binds_admins = true;
    settings.open_webuis.push(sales);
    company.put(
        User {
            id: BOB,
            email: "bob@microsoft.example".parse().unwrap(),
            name: String::new(),
            admin: true,
            enabled: true,
            created_at: at(0),
        }
        .into(),
    );
}

fn accounts(site: &Site) -> Vec<(String, String, UserId)> {
    let snapshot = site.doors.snapshots.snapshot();
    let all = snapshot.company().identities.values();
    let mut all: Vec<_> = all.map(|it| (it.issuer.clone(), it.subject.clone(), it.user)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn an_account_of_one_open_webui_never_stands_for_one_of_another() {
    let site = site_of(|_, _| (), true, two_chats);
    let come = async |secret: &str, email: &str| site.with_token(from(secret, email)).await;
    let alice = come(SECRET, "alice@google.example").await.unwrap();
    assert_eq!(alice.user, Some(ALICE));
    // The same id there is somebody else here.
    let bob = come(SALES, "bob@microsoft.example").await.unwrap();
    assert_eq!(bob.user, Some(BOB), "its own setting lets it name administrators");
    assert_eq!(
        accounts(&site),
        [
            ("open-webui".to_owned(), "s1".to_owned(), ALICE),
            ("open-webui-sales".to_owned(), "s1".to_owned(), BOB),
        ]
    );
    // Neither may vouch for the domains of the other, also not for a known account's.
    let new = |domain: &str| {
        token(Algorithm::HS256, SALES, &claims(domain, NOW + 300).replace("s1", "s2"))
    };
    let answer = site.with_token(new("carol@google.example")).await.unwrap_err();
    assert!(matches!(answer, Rejection::NotVouched(..)), "{answer:?}");
    assert!(answer.to_string().contains("--bind open-webui-sales=s2"), "{answer}");
    let answer = site.with_token(new("bob@microsoft.example")).await.unwrap_err();
    assert!(matches!(&answer, Rejection::OtherAccount(it) if it.issuer == "open-webui-sales"));
    assert!(answer.to_string().contains("--unbind open-webui-sales"), "{answer}");
    let none = come("the secret of nobody, long enough", "alice@google.example").await;
    assert_eq!(none, Err(Rejection::UnknownSecret));
}

#[tokio::test]
async fn an_address_alone_makes_an_administrator_where_that_open_webui_may() {
    let site = site_of(
        |_, user| user.admin = true,
        false,
        |company, settings| {
            two_chats(company, settings);
            settings.open_webuis[1].domains = vec!["google.example".into()];
        },
    );
    let answer = site.with_token(from(SECRET, "alice@google.example")).await;
    assert!(matches!(answer, Err(Rejection::AddressAlone(..))), "{answer:?}");
    let answer = site.with_token(from(SALES, "alice@google.example")).await;
    assert_eq!(answer.map(|it| it.user), Ok(Some(ALICE)));
}

#[tokio::test]
async fn whose_account_is_refused_comes_in_as_nobody_and_is_told_why() {
    let site = site(|_, _| ());
    let ask = async |headers: &[(&'static str, String)]| {
        let (mut head, ()) = Request::new(()).into_parts();
        for (name, value) in headers {
            head.headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let snapshot = site.doors.snapshots.snapshot();
        site.doors.caller_or_stranger(&head, &snapshot, at(NOW)).await
    };
    let named = |secret: &str, id: &str| {
        let claims = claims("alice@google.example", NOW + 300).replace("s1", id);
        (OPEN_WEBUI_USER_HEADER, token(Algorithm::HS256, secret, &claims))
    };
    let service = bearer(&site.service);
    let (alice, none) = ask(&[service.clone(), named(SECRET, "s1")]).await.unwrap();
    assert_eq!((alice.user, none), (Some(ALICE), None));
    for _ in 0..40 {
        let (nobody, why) = ask(&[service.clone(), named(SECRET, "s2")]).await.unwrap();
        assert_eq!((nobody.user, nobody.door), (None, Door::OpenWebUi), "however often");
        assert!(matches!(why, Some(Rejection::OtherAccount(..))), "{why:?}");
        let for_many = ask(&[bearer(&site.personal), named(SECRET, "s2")]).await;
        assert_eq!(for_many.unwrap_err(), Rejection::PersonalKeyForMany, "however often");
    }
    // A wrong proof is an error and makes nobody a caller.
    for headers in [
        vec![service.clone(), named("another secret, long enough", "s2")],
        vec![bearer(&site.personal), named(SECRET, "s2")],
        vec![("authorization", "Bearer ghk_0000000000000000_x".into()), named(SECRET, "s2")],
        vec![service, named(SECRET, "s2"), named(SECRET, "s2")],
    ] {
        assert!(ask(&headers).await.is_err(), "{headers:?}");
    }
    let refused = site.doors.take_refused_accounts(&site.doors.snapshots.snapshot());
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].user, refused[0].subject.as_str()), (ALICE, "s2"));
    let misfits = site.doors.chat_said().misfits;
    assert_eq!(misfits.iter().map(|it| it.count).sum::<u64>(), 1, "{misfits:?}");
}
