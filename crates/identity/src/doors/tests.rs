use std::sync::Arc;

use arc_swap::ArcSwap;
use gatehall_domain::{
    Caller, Clock, Company, Digest, Door, EntryEvent, Identity, Key, KeyId, Record, Session,
    Sessions, Snapshot, Timestamp, User, UserId,
};
use gatehall_vault::{NewKey, Vault, generate_key};
use http::{HeaderValue, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::*;
use crate::{
    Arrivals, LimitSettings, OPEN_WEBUI_USER_HEADER, OpenWebUi, Pending, Rejection, SessionLimits,
    Snapshots, Visit,
};

mod chats;
mod cookies;
mod people;

const SECRET: &str = "a secret of thirty-two characters";
const NOW: i64 = 1_800_000_000;

/// What is live, and what somebody else changes while a visit is settled.
struct Scene {
    snapshot: ArcSwap<Snapshot>,
    meanwhile: fn(&mut Company),
}

struct Hosts(Arc<Scene>);
impl Arrivals for Hosts {
    fn settle(&self, visit: Visit) -> Pending<'_, Result<UserId, Rejection>> {
        let before = self.0.snapshot.load_full();
        let settled = visit.settle(before.company(), at(NOW)).map(|(user, changes)| {
            let mut company = before.company().clone();
            changes.iter().for_each(|change| company.apply(change).unwrap());
            (self.0.meanwhile)(&mut company);
            let snapshot = Snapshot::new(before.revision() + 1, company);
            self.0.snapshot.store(Arc::new(snapshot));
            user
        });
        Box::pin(async { settled })
    }
    fn key_used(&self, _: &KeyId, _: Timestamp) {}
    fn add_session(&self, _: Session) -> Pending<'_, Result<(), Rejection>> {
        Box::pin(async { Ok(()) })
    }
    fn session(&self, _: Digest) -> Pending<'_, Result<Option<Session>, Rejection>> {
        Box::pin(async { Ok(None) })
    }
    fn end_sessions(&self, _: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async { Ok(0) })
    }
    fn end_claimed_sessions(&self, _: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async { Ok(0) })
    }
    fn use_link(&self, _: Digest) -> Pending<'_, Result<Option<UserId>, Rejection>> {
        Box::pin(async { Ok(None) })
    }
    fn record(&self, _: EntryEvent) {}
}

impl Snapshots for Hosts {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }
    fn is_fresh(&self, _: Timestamp) -> bool {
        true
    }
}

/// An Open WebUI that vouches for one domain.
fn chat(id: &str, secret: &str) -> OpenWebUi {
    OpenWebUi {
        id: id.into(),
        secret: secret.to_owned().into(),
        domains: vec!["google.example".into()],
        binds_admins: false,
        in_file: false,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

struct Site {
    snapshot: Arc<Snapshot>,
    doors: Arc<Doors>,
    personal: NewKey,
    service: NewKey,
}

fn site(change: impl Fn(&mut Key, &mut User)) -> Site {
    site_with(change, false)
}

fn site_with(change: impl Fn(&mut Key, &mut User), add_unknown_users: bool) -> Site {
    site_of(change, add_unknown_users, |_, _| ())
}

fn site_of(
    change: impl Fn(&mut Key, &mut User),
    add_unknown_users: bool,
    set: impl Fn(&mut Company, &mut DoorSettings),
) -> Site {
    site_meanwhile(change, add_unknown_users, set, |_| ())
}

fn site_meanwhile(
    change: impl Fn(&mut Key, &mut User),
    add_unknown_users: bool,
    set: impl Fn(&mut Company, &mut DoorSettings),
    meanwhile: fn(&mut Company),
) -> Site {
    let (personal, service) = (generate_key().unwrap(), generate_key().unwrap());
    let mut user = User {
        id: UserId(Uuid::from_u128(1)),
        email: "alice@google.example".parse().unwrap(),
        name: String::new(),
        admin: false,
        enabled: true,
        created_at: at(0),
    };
    let key = |new: &NewKey, user| Key {
        id: new.id.clone(),
        name: String::new(),
        user,
        tenant: None,
        digest: new.digest,
        created_at: at(0),
        expires_at: None,
        manage: false,
        revoked_at: None,
    };
    let mut own = key(&personal, Some(user.id));
    change(&mut own, &mut user);
    let mut company = Company::default();
    for record in [Record::from(user), own.into(), key(&service, None).into()] {
        company.put(record);
    }
    let mut settings = DoorSettings {
        open_webuis: vec![chat("open-webui", SECRET)],
        add_unknown_users: add_unknown_users.into(),
        public_url: None,
        client_url: None,
        cookie_domain: None,
        trusted_proxies: Vec::new(),
        sessions: SessionLimits { idle_seconds: 600, life_seconds: 3600 },
        limits: LimitSettings {
            user_calls: 0,
            tenant_calls: 0,
            connection_calls: 0,
            unproven: 20,
            sign_ins: 0,
        },
        forwarded_user: None,
    };
    set(&mut company, &mut settings);
    let snapshot = Arc::new(Snapshot::new(1, company));
    let scene = Arc::new(Scene { snapshot: ArcSwap::new(Arc::clone(&snapshot)), meanwhile });
    let parts = DoorParts {
        vault: Arc::new(Vault::ephemeral().unwrap()),
        clock: Clock::new(|| at(NOW)),
        arrivals: Arc::new(Hosts(Arc::clone(&scene))),
        snapshots: Arc::new(Hosts(scene)),
        sessions: Arc::default(),
    };
    Site { snapshot, doors: Doors::new(settings, parts), personal, service }
}

impl Site {
    async fn ask(&self, headers: &[(&'static str, String)]) -> Result<Caller, Rejection> {
        let (mut head, ()) = Request::new(()).into_parts();
        for (name, value) in headers {
            head.headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        self.doors.caller(&head, &self.snapshot, at(NOW)).await
    }

    async fn with_token(&self, token: String) -> Result<Caller, Rejection> {
        self.ask(&[bearer(&self.service), (OPEN_WEBUI_USER_HEADER, token)]).await
    }
}

fn bearer(key: &NewKey) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", key.text.expose_secret()))
}

fn token(algorithm: Algorithm, secret: &str, claims: &str) -> String {
    let claims: serde_json::Value = serde_json::from_str(claims).unwrap();
    encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn claims(email: &str, exp: i64) -> String {
    format!(
        r#"{{"sub":"s1","email":"{email}","name":"A","role":"admin","iss":"open-webui","iat":{NOW},"exp":{exp}}}"#
    )
}

#[tokio::test]
async fn a_personal_key_names_its_user_and_nobody_else() {
    let site = site(|_, _| ());
    let caller = site.ask(&[bearer(&site.personal)]).await.unwrap();
    assert_eq!((caller.user, caller.door), (Some(UserId(Uuid::from_u128(1))), Door::PersonalKey));
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let site = site(|_, _| ());
    let good = bearer(&site.personal).1;
    let last = if good.ends_with('A') { 'B' } else { 'A' };
    let other_id = format!("Bearer ghk_0000000000000000_{}", good.rsplit_once('_').unwrap().1);
    for (value, expected) in [
        (format!("{}{last}", &good[..good.len() - 1]), Rejection::BadKey),
        (other_id, Rejection::BadKey),
        ("Bearer ghk_".into(), Rejection::UnknownKind),
        ("Bearer".into(), Rejection::UnknownKind),
        (good.replace("Bearer", "Basic"), Rejection::UnknownKind),
        ("Bearer sk-123".into(), Rejection::UnknownKind),
        (String::new(), Rejection::UnknownKind),
    ] {
        assert_eq!(site.ask(&[("authorization", value.clone())]).await, Err(expected), "{value}");
    }
    assert_eq!(site.ask(&[]).await, Err(Rejection::NoProof));
    let twice = [bearer(&site.personal), bearer(&site.personal)];
    assert_eq!(site.ask(&twice).await, Err(Rejection::Repeated("Authorization")));
}

#[tokio::test]
async fn ended_revoked_and_orphaned_keys_are_dead() {
    let cases: [fn(&mut Key, &mut User); 3] = [
        |key, _| key.expires_at = Some(at(NOW)),
        |key, _| key.revoked_at = Some(at(NOW - 1)),
        |_, user| user.enabled = false,
    ];
    for case in cases {
        let site = site(case);
        assert_eq!(site.ask(&[bearer(&site.personal)]).await, Err(Rejection::BadKey));
    }
}

#[tokio::test]
async fn a_service_key_names_nobody_without_the_signed_header() {
    let site = site(|_, _| ());
    let plain = ("x-openwebui-user-email", "alice@google.example".to_owned());
    let caller = site.ask(&[bearer(&site.service), plain]).await.unwrap();
    assert_eq!((caller.user, caller.door), (None, Door::ServiceKey));
    let said = site.doors.chat_said();
    assert!(said.plain_at == NOW && said.lives.is_empty(), "administrators are told");

    let caller = site
        .with_token(token(Algorithm::HS256, SECRET, &claims("Alice@Google.Example", NOW + 300)))
        .await
        .unwrap();
    assert_eq!((caller.user, caller.door), (Some(UserId(Uuid::from_u128(1))), Door::OpenWebUi));
    assert_eq!(site.doors.chat_said().lives, [("open-webui".to_owned(), 300)].into());
}

#[tokio::test]
async fn forged_and_stale_user_headers_are_refused() {
    let site = site(|_, _| ());
    let good = claims("alice@google.example", NOW + 300);
    let signed = token(Algorithm::HS256, SECRET, &good);
    let payload = signed.split('.').nth(1).unwrap().to_owned();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
    for (name, bad) in [
        ("other secret", token(Algorithm::HS256, "another secret", &good)),
        ("other algorithm", token(Algorithm::HS512, SECRET, &good)),
        ("no algorithm", unsigned),
        ("expired", token(Algorithm::HS256, SECRET, &claims("alice@google.example", NOW - 31))),
        (
            "long-lived",
            token(Algorithm::HS256, SECRET, &claims("alice@google.example", NOW + 90_000)),
        ),
        ("other issuer", token(Algorithm::HS256, SECRET, &good.replace("open-webui", "evil"))),
        ("no issuer", token(Algorithm::HS256, SECRET, &good.replace(r#""iss":"open-webui","#, ""))),
        ("no expiry", token(Algorithm::HS256, SECRET, &good.replace(r#""exp""#, r#""x""#))),
        (
            "future",
            token(
                Algorithm::HS256,
                SECRET,
                &good.replace(&format!(r#""iat":{NOW}"#), &format!(r#""iat":{}"#, NOW + 60)),
            ),
        ),
        ("no subject", token(Algorithm::HS256, SECRET, &good.replace("s1", ""))),
        ("two addresses", token(Algorithm::HS256, SECRET, &claims("a@b@c", NOW + 300))),
        ("junk", "junk".into()),
        ("empty", String::new()),
        ("cut", signed[..signed.len() - 4].to_owned()),
    ] {
        let answer = site.with_token(bad).await;
        let refused = matches!(answer, Err(Rejection::BadUserHeader(_) | Rejection::UnknownSecret));
        assert!(refused, "{name}: {answer:?}");
    }
    let twice = [
        bearer(&site.service),
        (OPEN_WEBUI_USER_HEADER, signed.clone()),
        (OPEN_WEBUI_USER_HEADER, signed),
    ];
    assert_eq!(site.ask(&twice).await, Err(Rejection::Repeated("X-OpenWebUI-User-Jwt")));
}

#[tokio::test]
async fn an_unknown_user_is_added_only_if_the_setting_says_so() {
    let header = token(Algorithm::HS256, SECRET, &claims("new@google.example", NOW + 300));
    let site = site_with(|_, _| (), false);
    assert_eq!(site.with_token(header.clone()).await.unwrap().user, None);
    let site = site_with(|_, _| (), true);
    let user = site.with_token(header).await.unwrap().user.unwrap();
    let added = site.doors.snapshots.snapshot();
    assert_eq!(added.company().users[&user].email.as_str(), "new@google.example");
}

#[tokio::test]
async fn who_proves_nothing_may_not_try_for_ever() {
    let site = site(|_, _| ());
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(site.ask(&[("authorization", "Bearer ghk_0000000000000000_x".into())]).await);
    }
    assert_eq!(answers[19], Err(Rejection::BadKey));
    assert!(matches!(answers[29], Err(Rejection::TooMany(_))), "{:?}", answers[29]);
    assert!(site.ask(&[bearer(&site.personal)]).await.is_ok(), "a good proof is not counted");
}

#[tokio::test]
async fn a_session_is_its_cookie_sealed_for_its_name() {
    let site = site(|_, _| ());
    let user = UserId(Uuid::from_u128(1));
    let (_, value) = site.doors.sessions.open(user, at(NOW - 5)).unwrap();
    let with = async |cookie: String| site.ask(&[("cookie", cookie)]).await.map(|it| it.user);
    assert_eq!(with(format!("a=b; __Host-gatehall={value}")).await, Ok(Some(user)));
    let cut = value[..value.len() - 2].to_owned();
    for (name, cookie, expected) in [
        ("another name", format!("gatehall={value}"), Rejection::NoProof),
        ("another prefix", format!("__Secure-gatehall={value}"), Rejection::NoProof),
        ("cut", format!("__Host-gatehall={cut}"), Rejection::NoSession),
        ("empty", "__Host-gatehall=".into(), Rejection::NoSession),
        ("long", format!("__Host-gatehall={}", "A".repeat(9000)), Rejection::NoSession),
    ] {
        assert_eq!(with(cookie).await, Err(expected), "{name}");
    }
    let (_, old) = site.doors.sessions.open(user, at(NOW - 30)).unwrap();
    let unheard = with(format!("__Host-gatehall={old}")).await;
    assert_eq!(unheard, Err(Rejection::NoSession), "nobody has heard of it for too long");
}
