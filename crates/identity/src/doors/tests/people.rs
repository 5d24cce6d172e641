//! Who somebody is where two proofs name two people, and where an address is all there is.

use super::*;

pub(super) const ALICE: UserId = UserId(Uuid::from_u128(1));
pub(super) const BOB: UserId = UserId(Uuid::from_u128(2));

fn bob() -> User {
    User {
        id: BOB,
        email: "bob@google.example".parse().unwrap(),
        name: String::new(),
        admin: true,
        enabled: true,
        created_at: at(0),
    }
}

pub(super) fn with_bob() -> Site {
    site_of(
        |_, _| (),
        false,
        |company, settings| {
            company.put(bob().into());
            settings.open_webuis[0].binds_admins = true;
        },
    )
}

fn header(email: &str) -> (&'static str, String) {
    (OPEN_WEBUI_USER_HEADER, token(Algorithm::HS256, SECRET, &claims(email, NOW + 300)))
}

pub(super) fn session_of(site: &Site, user: UserId) -> (&'static str, String) {
    let (_, value) = site.doors.sessions.open(user, at(NOW - 5)).unwrap();
    ("cookie", format!("a=b; __Host-gatehall={value}"))
}

#[tokio::test]
async fn a_personal_key_is_no_key_for_a_client_that_names_its_users() {
    let site = with_bob();
    let unreadable = (OPEN_WEBUI_USER_HEADER, "junk".to_owned());
    let plain = ("x-openwebui-user-email", "bob@google.example".to_owned());
    let id = ("x-openwebui-user-id", "s1".to_owned());
    for user in
        [header("bob@google.example"), header("alice@google.example"), unreadable, plain, id]
    {
        let answer = site.ask(&[bearer(&site.personal), user]).await;
        assert_eq!(answer, Err(Rejection::PersonalKeyForMany));
    }
    let chat = ("x-openwebui-chat-id", "c1".to_owned());
    assert!(site.ask(&[bearer(&site.personal), chat]).await.is_ok(), "it names nobody");
    assert!(Rejection::PersonalKeyForMany.to_string().contains("use a service key"));
}

#[tokio::test]
async fn two_proofs_name_one_person_or_nobody_comes_in() {
    let site = with_bob();
    let (alice, chat) = (bearer(&site.personal), bearer(&site.service));
    let (of_alice, of_bob) = (session_of(&site, ALICE), session_of(&site, BOB));
    let bad_header = (OPEN_WEBUI_USER_HEADER, "junk".to_owned());
    let two = Err(Rejection::TwoPeople);
    let cases: [(&str, Vec<_>, Result<UserId, Rejection>); 9] = [
        ("a key and its owner's session", vec![alice.clone(), of_alice.clone()], Ok(ALICE)),
        ("a key and another's session", vec![alice.clone(), of_bob.clone()], two.clone()),
        (
            "a chat's user and their session",
            vec![chat.clone(), header("bob@google.example"), of_bob.clone()],
            Ok(BOB),
        ),
        (
            "a chat's user and another's session",
            vec![chat.clone(), header("bob@google.example"), of_alice.clone()],
            two.clone(),
        ),
        (
            "a session and the same chat user",
            vec![of_alice.clone(), header("Alice@Google.example")],
            Ok(ALICE),
        ),
        (
            "a session and another chat user",
            vec![of_alice.clone(), header("bob@google.example")],
            two.clone(),
        ),
        (
            "a session and a chat user who is nobody here",
            vec![of_alice.clone(), header("nobody@google.example")],
            two,
        ),
        (
            "a key and a session that is none",
            vec![alice.clone(), ("cookie", "__Host-gatehall=junk".to_owned())],
            Ok(ALICE),
        ),
        (
            "a key and the cookies of others",
            vec![alice, ("cookie", "session=x; __Secure-gatehall=y".to_owned())],
            Ok(ALICE),
        ),
    ];
    for (name, headers, expected) in cases {
        let answer = site.ask(&headers).await.map(|caller| caller.user);
        assert_eq!(answer, expected.map(Some), "{name}");
    }
    let unchecked = site.ask(&[of_alice.clone(), bad_header]).await;
    assert!(matches!(unchecked, Err(Rejection::BadUserHeader(_))), "{unchecked:?}");
    let nobody = site.ask(&[chat, of_alice]).await.unwrap();
    assert_eq!((nobody.user, nobody.door), (None, Door::ServiceKey));
}

#[tokio::test]
async fn open_webui_vouches_only_for_the_domains_that_are_set() {
    let come = async |domains: &'static [&'static str], email: &str, add| {
        let site = site_of(
            |_, _| (),
            add,
            |_, settings| {
                settings.open_webuis[0].domains =
                    domains.iter().map(|it| (*it).to_owned()).collect();
            },
        );
        site.with_token(token(Algorithm::HS256, SECRET, &claims(email, NOW + 300))).await
    };
    let alice = "alice@google.example";
    for (domains, email, add) in [
        (&[][..], alice, false),
        (&["company.example"], alice, false),
        (&["oogle.example", "example"], alice, false),
        (&["google.example"], "eve@evil.google.example", true),
        (&[], "new@google.example", true),
    ] {
        let answer = come(domains, email, add).await.unwrap_err();
        assert!(matches!(answer, Rejection::NotVouched(..)), "{domains:?} {email}: {answer:?}");
        let says = answer.to_string();
        assert!(says.contains("GATEHALL_OPEN_WEBUI_DOMAINS"), "{says}");
        assert!(says.contains("--bind open-webui=s1"), "{says}");
    }
    assert_eq!(come(&["google.example"], alice, false).await.unwrap().user, Some(ALICE));
    let nobody = come(&[], "nobody@google.example", false).await.unwrap();
    assert_eq!(nobody.user, None, "there is nobody whom it could become");
}

/// What makes Alice somebody who administers something.
type Make = fn(&mut Company, gatehall_domain::GroupId);

#[tokio::test]
async fn an_address_alone_makes_nobody_an_administrator() {
    let group = |id| gatehall_domain::Group {
        id,
        name: gatehall_domain::GroupName::ADMIN.parse().unwrap(),
        description: String::new(),
        enabled: false,
        created_at: at(0),
    };
    let makes: [(&str, Make); 4] = [
        ("a group that a provider gave whose row cannot be read", |company, group| {
            company.put(
                gatehall_domain::Membership {
                    user: ALICE,
                    group,
                    source: gatehall_domain::Source::Claim("gone".into()),
                    created_at: at(0),
                }
                .into(),
            );
        }),
        ("a flag", |company, _| {
            let alice = User::clone(&company.users[&ALICE]);
            company.put(User { admin: true, ..alice }.into());
        }),
        ("a group, although it is disabled", |company, group| {
            company.put(
                gatehall_domain::Membership {
                    user: ALICE,
                    group,
                    source: gatehall_domain::Source::Import,
                    created_at: at(0),
                }
                .into(),
            );
        }),
        ("a tenant", |company, _| {
            let tenant = "google".parse().unwrap();
            company.put(
                gatehall_domain::TenantAdmin { tenant, user: ALICE, created_at: at(0) }.into(),
            );
        }),
    ];
    let identity = |by_address| Identity {
        issuer: "open-webui".into(),
        subject: "s1".into(),
        user: ALICE,
        stale: false,
        claims_said: Default::default(),
        by_address,
        created_at: at(0),
    };
    for (name, make) in makes {
        let come = async |bound: Option<Identity>, option: bool| {
            let site = site_of(
                |_, _| (),
                false,
                |company, settings| {
                    let id = gatehall_domain::GroupId(Uuid::from_u128(7));
                    company.put(group(id).into());
                    make(company, id);
                    bound.clone().into_iter().for_each(|it| company.put(it.into()));
                    settings.open_webuis[0].binds_admins = option;
                },
            );
            let header = claims("alice@google.example", NOW + 300);
            site.with_token(token(Algorithm::HS256, SECRET, &header)).await.map(|it| it.user)
        };
        let refused = |answer| matches!(answer, Err(Rejection::AddressAlone(..)));
        assert!(refused(come(None, false).await), "{name}");
        assert!(refused(come(Some(identity(true)), false).await), "{name}, after the account");
        assert_eq!(come(Some(identity(false)), false).await, Ok(Some(ALICE)), "{name}, bound");
        assert_eq!(come(None, true).await, Ok(Some(ALICE)), "{name}, the option");
        assert_eq!(come(Some(identity(true)), true).await, Ok(Some(ALICE)), "{name}, the option");
    }
    let says = Rejection::AddressAlone("a@b.example".parse().unwrap(), "open-webui=s1".into());
    assert!(says.to_string().contains("--bind open-webui=s1"), "{says}");
}

#[tokio::test]
async fn whoever_became_an_administrator_while_they_came_is_one_then() {
    let come = async |option: bool, meanwhile: fn(&mut Company)| {
        let set = |_: &mut Company, settings: &mut DoorSettings| {
            settings.open_webuis[0].binds_admins = option;
        };
        let site = site_meanwhile(|_, _| (), false, set, meanwhile);
        let header = claims("alice@google.example", NOW + 300);
        site.with_token(token(Algorithm::HS256, SECRET, &header)).await.map(|it| it.user)
    };
    let promote = |company: &mut Company| {
        let alice = User::clone(&company.users[&ALICE]);
        company.put(User { admin: true, ..alice }.into());
    };
    assert!(matches!(come(false, promote).await, Err(Rejection::AddressAlone(..))));
    assert_eq!(come(true, promote).await, Ok(Some(ALICE)), "the option");
    let unbind = |company: &mut Company| {
        let account = Identity::clone(company.identities.values().next().unwrap());
        company.apply(&gatehall_domain::Change::Remove(account.into())).unwrap();
    };
    assert_eq!(come(false, unbind).await, Ok(None), "unbound meanwhile");
}
