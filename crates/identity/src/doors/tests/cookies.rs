//! Cookies that others have set: any page below the cookie domain may set some, of any name.

use super::{
    people::{ALICE, BOB, session_of, with_bob},
    *,
};

const NAME: &str = "__Host-gatehall";

async fn whose(site: &Site, cookie: &str) -> Result<UserId, Rejection> {
    let caller = site.ask(&[("cookie", cookie.to_owned())]).await?;
    Ok(caller.user.unwrap())
}

#[tokio::test]
async fn no_foreign_cookie_makes_a_session_unreadable() {
    let site = with_bob();
    let (_, own) = session_of(&site, ALICE);
    for foreign in [
        "city=M\u{fc}nchen".to_owned(),
        "M\u{fc}nchen=city".to_owned(),
        "nonsense".to_owned(),
        "=".to_owned(),
        String::new(),
        format!("{NAME}="),
        format!("{NAME}=stale"),
        format!("{NAME}=M\u{fc}nchen"),
        format!("{NAME}={}", "A".repeat(5000)),
        format!("{NAME}=a; {NAME}=b; {NAME}=c"),
    ] {
        for cookie in [
            format!("{foreign}; {own}"),
            format!("{own}; {foreign}"),
            format!("{foreign}; {own}; {foreign}"),
        ] {
            assert_eq!(whose(&site, &cookie).await, Ok(ALICE), "{cookie}");
        }
        let lines = [("cookie", foreign.clone()), ("cookie", own.clone())];
        let answer = site.ask(&lines).await.map(|it| it.user);
        assert_eq!(answer, Ok(Some(ALICE)), "{foreign}, in a line of its own");
    }
    for unreadable in [format!("{NAME}=M\u{fc}nchen"), format!("{NAME}=a; {NAME}=b")] {
        assert_eq!(whose(&site, &unreadable).await, Err(Rejection::NoSession), "{unreadable}");
    }
    assert_eq!(whose(&site, "city=M\u{fc}nchen").await, Err(Rejection::NoProof));
}

#[tokio::test]
async fn two_sessions_are_of_one_person_or_nobody_comes_in() {
    let site = with_bob();
    let [(_, alice), (_, again), (_, bob)] = [ALICE, ALICE, BOB].map(|it| session_of(&site, it));
    assert_eq!(whose(&site, &format!("{alice}; {alice}")).await, Ok(ALICE));
    assert_eq!(whose(&site, &format!("{alice}; {again}")).await, Ok(ALICE));
    let two = format!("{alice}; {bob}");
    assert_eq!(whose(&site, &two).await, Err(Rejection::TwoPeople));
    let beside = site.ask(&[bearer(&site.personal), ("cookie", two)]).await;
    assert_eq!(beside.map(|it| it.user), Err(Rejection::TwoPeople), "beside a key");
}

#[tokio::test]
async fn no_foreign_cookie_hides_the_session_of_another() {
    let site = with_bob();
    let (_, bob) = session_of(&site, BOB);
    for foreign in ["city=M\u{fc}nchen".to_owned(), format!("{NAME}=stale")] {
        let cookies = ("cookie", format!("{foreign}; {bob}"));
        let answer = site.ask(&[bearer(&site.personal), cookies]).await;
        assert_eq!(answer.map(|it| it.user), Err(Rejection::TwoPeople), "{foreign}");
    }
}
