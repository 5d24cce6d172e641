use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn user(number: u8) -> UserId {
    UserId(uuid::Uuid::from_u128(number.into()))
}

fn session(number: u8) -> Session {
    Session {
        id: Digest([number; 32]),
        user: user(number),
        login: None,
        authenticated_at: at(0),
        created_at: at(0),
        seen_at: at(0),
        expires_at: at(1000),
        ended_at: None,
    }
}

fn live(index: &SessionIndex, number: u8, now: i64) -> bool {
    looked_at(index, number, now) && {
        index.used(&Digest([number; 32]), at(now));
        true
    }
}

fn looked_at(index: &SessionIndex, number: u8, now: i64) -> bool {
    matches!(index.look_up(&Digest([number; 32]), user(number), at(now), 100), Known::Live { .. })
}

#[test]
fn a_session_lives_while_it_is_used_and_not_longer_than_its_life() {
    let index = SessionIndex::default();
    index.learn([session(1), session(2)]);
    assert!(live(&index, 1, 99), "used in time");
    assert!(live(&index, 1, 198), "each use counts");
    assert!(!live(&index, 2, 198), "unused for too long");
    assert!(looked_at(&index, 1, 290) && !live(&index, 1, 299), "a look is no use");
    index.seen([(Digest([1; 32]), at(200))]);
    for now in (198..1000).step_by(90) {
        assert!(live(&index, 1, now));
    }
    assert!(!live(&index, 1, 1000), "its life is over");
    assert!(!live(&index, 9, 1), "unheard of");
}

#[test]
fn news_of_a_use_elsewhere_do_not_undo_a_use_here() {
    let index = SessionIndex::default();
    index.learn([session(1)]);
    assert!(live(&index, 1, 90));
    assert_eq!(index.untold(), [(Digest([1; 32]), at(90))]);
    assert_eq!(index.untold(), [], "told once");
    index.learn([Session { seen_at: at(50), ..session(1) }]);
    index.seen([(Digest([1; 32]), at(60)), (Digest([9; 32]), at(60))]);
    assert!(live(&index, 1, 185));
    index.seen([(Digest([1; 32]), at(300))]);
    assert!(live(&index, 1, 390), "used elsewhere");
}

#[test]
fn an_end_lasts() {
    let index = SessionIndex::default();
    index.learn([session(1), session(2)]);
    index.end(&Sessions::User(session(1).user), at(5));
    assert!(!live(&index, 1, 6) && live(&index, 2, 6));
    index.learn([session(1)]);
    assert!(!live(&index, 1, 6), "news from before the end do not undo it");
    index.sweep(at(1000));
    assert!(matches!(index.look_up(&Digest([1; 32]), user(1), at(6), 100), Known::Unheard));
}

#[test]
fn an_end_that_the_store_does_not_have_holds_whatever_the_store_says() {
    let index = SessionIndex::default();
    index.learn([session(1)]);
    for which in [Sessions::One(Digest([1; 32])), Sessions::User(user(2))] {
        index.end(&which, at(5));
        index.owe(&which, at(5));
    }
    index.sweep(at(6));
    index.learn([session(1), session(2)]);
    assert!(!live(&index, 1, 6) && !live(&index, 2, 6), "also what was not heard of then");
    let look = |number| index.look_up(&Digest([9; 32]), user(number), at(6), 100);
    assert!(matches!(look(2), Known::Over), "a cookie that is not heard of yet");
    assert!(matches!(look(3), Known::Unheard));
    index.learn([Session { created_at: at(7), id: Digest([3; 32]), ..session(2) }]);
    assert!(live(&index, 3, 8), "what began later is not meant");
    assert_eq!(index.owed().len(), 2);
    index.paid(&Sessions::User(user(2)), at(5));
    assert_eq!(index.owed(), [(Sessions::One(Digest([1; 32])), at(5))]);
}

#[test]
fn an_end_that_was_asked_for_again_is_owed_until_that_is_written() {
    let index = SessionIndex::default();
    let which = Sessions::User(user(1));
    index.owe(&which, at(5));
    assert_eq!(index.owed(), [(which.clone(), at(5))]);
    // While that is written, the sessions are ended again, which cannot be written.
    index.owe(&which, at(9));
    index.paid(&which, at(5));
    assert_eq!(index.owed(), [(which.clone(), at(9))]);
    index.learn([Session { created_at: at(7), ..session(1) }]);
    assert!(!live(&index, 1, 10), "what began between the two is over");
    index.owe(&which, at(8));
    assert_eq!(index.owed(), [(which.clone(), at(9))], "the later one counts");
    index.paid(&which, at(9));
    assert_eq!(index.owed(), []);
}

#[test]
fn what_nobody_proves_is_owed_only_for_sessions_that_are_known() {
    let index = SessionIndex::default();
    let named = |number: u8, sid: &str| Session {
        login: Some(gatehall_domain::ProviderLogin {
            provider: "id".parse().unwrap(),
            issuer: "https://id.example".into(),
            subject: "s".into(),
            session: Some(sid.into()),
            issued_at: None,
            id_token: None,
        }),
        ..session(number)
    };
    let ended = |sid: &str| Sessions::Account {
        issuer: "https://id.example".into(),
        subject: None,
        session: Some(sid.into()),
        until: None,
    };
    index.learn([named(1, "one"), named(2, "two")]);
    for number in 0..10 {
        assert_eq!(index.end_claimed(&ended(&format!("guess {number}")), at(5)), []);
    }
    assert_eq!(index.owed(), []);
    let one = Sessions::One(Digest([1; 32]));
    assert_eq!(index.end_claimed(&ended("one"), at(5)), std::slice::from_ref(&one));
    assert_eq!(index.end_claimed(&ended("one"), at(6)), [], "it has ended");
    assert_eq!(index.owed(), [(one, at(5))]);
    assert!(!live(&index, 1, 6) && live(&index, 2, 6));
    let look = index.look_up(&Digest([9; 32]), user(9), at(6), 100);
    assert!(matches!(look, Known::Unheard), "the cookies of others count");
}

#[test]
fn what_is_owed_has_a_bound() {
    let index = SessionIndex::default();
    let ended = |number: i64| Sessions::Account {
        issuer: "https://id.example".into(),
        subject: Some("s".into()),
        session: None,
        until: Some(number),
    };
    (0..1_100).for_each(|number| index.owe(&ended(number), at(5)));
    assert_eq!(index.owed().len(), 1_000);
    index.owe(&ended(0), at(6));
    assert!(index.owed().contains(&(ended(0), at(6))), "what is owed already may change");
}

#[test]
fn a_logout_ends_what_began_before_it_by_the_providers_clock() {
    let index = SessionIndex::default();
    let login = |issued_at| gatehall_domain::ProviderLogin {
        provider: "id".parse().unwrap(),
        issuer: "https://id.example".into(),
        subject: "s".into(),
        session: None,
        issued_at,
        id_token: None,
    };
    // This machine's clock is far ahead of the provider's.
    let begun = |number, issued_at, created: i64| Session {
        login: Some(login(issued_at)),
        created_at: at(created),
        ..session(number)
    };
    let all = [begun(1, Some(10), 200), begun(2, Some(20), 210), begun(3, Some(21), 211)];
    index.learn(all);
    index.learn([begun(4, None, 80), begun(5, None, 81)]);
    let logout = Sessions::Account {
        issuer: "https://id.example".into(),
        subject: Some("s".into()),
        session: None,
        until: Some(20),
    };
    index.end(&logout, at(212));
    let alive = [1, 2, 3, 4, 5].map(|number| {
        index.sessions.pin().get(&Digest([number; 32])).unwrap().session.ended_at.is_none()
    });
    assert_eq!(alive, [false, false, true, false, true]);
}

#[test]
fn a_use_is_not_lost_while_news_come_in() {
    let index = SessionIndex::default();
    index.learn([session(1)]);
    let id = Digest([1; 32]);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The store has an older use, and says so again and again.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                index.learn([session(1)]);
                index.end(&Sessions::User(user(2)), at(1));
            }
        });
        for now in 1..100_000 {
            index.used(&id, at(now));
            let seen = index.sessions.pin().get(&id).unwrap().uses.seen_at.load(Ordering::Relaxed);
            if seen < at(now).micros() {
                done.store(true, Ordering::Relaxed);
                panic!("used at {now}, and remembered as of {seen}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_end_is_not_lost_while_news_come_in() {
    for _ in 0..2_000 {
        let index = SessionIndex::default();
        index.learn([session(1)]);
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                (0..20).for_each(|_| index.learn([session(1)]));
            });
            start.wait();
            index.end(&Sessions::User(user(1)), at(5));
        });
        assert!(!live(&index, 1, 6), "news from before the end undid it");
    }
}

#[test]
fn a_use_that_the_store_did_not_take_is_told_again() {
    let index = SessionIndex::default();
    index.learn([session(1)]);
    assert!(live(&index, 1, 90));
    let uses = index.untold();
    assert_eq!(uses, [(Digest([1; 32]), at(90))]);
    index.not_told(&uses);
    assert_eq!(index.untold(), uses, "it was not kept");
    index.seen([(Digest([1; 32]), at(95))]);
    index.not_told(&uses);
    assert_eq!(index.untold(), [], "the store has a later one");
}
