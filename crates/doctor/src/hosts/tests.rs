use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use gatehall_domain::Health;
use tokio::net::TcpListener;

use crate::{
    NameFault, Side,
    scene::{CHAT, GATE, Says, Scene, answer, gate, serve, to_https},
};

#[tokio::test]
async fn a_deployment_as_it_should_be_has_nothing_to_mend() {
    let found = Scene::good().await.look().await;
    found.nothing_bad();
    for (subject, words) in [
        ("name admin.x.example", "leads to this machine (127.0.0.1)"),
        ("certificate of app.x.example", "for 364 days more"),
        ("alias headers", "passes no header"),
        ("checks at admin.x.example", "nobody else can ask"),
        ("clocks", "agrees with admin.x.example"),
        ("sign-in by header at https://app.x.example", "nobody comes to it without the gate"),
    ] {
        found.says(subject, Health::Good, &[words]);
    }
    found.says("Open WebUI", Health::Unknown, &["GATEHALL_OPEN_WEBUI_URL"]);
}

#[tokio::test]
async fn names_that_are_missing_or_lead_elsewhere_are_told() {
    let mut scene = Scene::good().await;
    scene.name(CHAT, Err(NameFault::Missing));
    let found = scene.look().await;
    found.says("name app.x.example", Health::Bad, &["no such name", "add a record for app.x"]);

    scene.name(CHAT, Err(NameFault::Unknown("Temporary failure".into())));
    let found = scene.look().await;
    found.says("name app.x.example", Health::Unknown, &["cannot be looked up", "--domain"]);

    // Another machine, which answers as well, is no fault of its own.
    scene.name(CHAT, Ok(&["127.0.0.1"]));
    scene.own = vec!["198.51.100.7".parse().unwrap()];
    let found = scene.look().await;
    found.says("name app.x.example", Health::Doubtful, &["this machine has 198.51.100.7"]);
    scene.own = vec!["127.0.9.7".parse().unwrap()];
    let found = scene.look().await;
    found.says("name app.x.example", Health::Doubtful, &["NAT", "127.0.9.7"]);
    // The gate's keys prove it where addresses do not.
    scene.keys = Some(serde_json::json!({"keys": []}));
    scene.look().await.says("name app.x.example", Health::Good, &["leads to this gate"]);
    scene.keys = Some(serde_json::json!({"keys": ["of another"]}));
    scene.look().await.says("name app.x.example", Health::Doubtful, &["NAT"]);
    scene.side = Side::Elsewhere;
    scene.look().await.says("name app.x.example", Health::Good, &["leads to 127.0.0.1"]);
    scene.name(GATE, Ok(&["127.0.0.2"]));
    scene.look().await.says("names together", Health::Doubtful, &["127.0.0.1", "127.0.0.2"]);

    // From within an inner network the name may lead to an inner address.
    scene.name(CHAT, Ok(&["127.0.9.9"]));
    scene.look().await.says("name app.x.example", Health::Unknown, &["127.0.9.9"]);
}

#[tokio::test]
async fn an_address_of_several_that_leads_nowhere_is_told() {
    let mut scene = Scene::good().await;
    // Nothing listens there.
    scene.name(CHAT, Ok(&["127.0.0.1", "127.0.0.3"]));
    let found = scene.look().await;
    found.says(
        "name app.x.example",
        Health::Bad,
        &["127.0.0.3 leads nowhere", "remove the record"],
    );
    scene.name(CHAT, Ok(&["127.0.0.1", "::1"]));
    let found = scene.look().await;
    let told = found.0.iter().find(|it| it.found.contains("::1")).unwrap();
    // A machine without IPv6 cannot know.
    let expected = match std::net::UdpSocket::bind("[::1]:0") {
        Ok(_) => (Health::Bad, "name app.x.example"),
        Err(_) => (Health::Unknown, "IPv6 of app.x.example"),
    };
    assert_eq!((told.state, told.subject.as_str()), expected);
}

#[tokio::test]
async fn a_port_that_something_else_has_is_told() {
    let other: Says = Arc::new(|_| answer("200 OK", "server: Apache/2.4\r\n", "It works!"));
    let port = |scene: &Scene| format!("port {} of app.x.example", scene.ports.http);
    let scene = Scene::new(Arc::new(gate), other).await;
    scene.look().await.says(&port(&scene), Health::Bad, &["Apache/2.4", "something else has"]);
    // Leading to another host is not leading to this one.
    let astray: Says =
        Arc::new(|_| answer("302 Found", "location: https://app.x.example.evil/\r\n", ""));
    let scene = Scene::new(Arc::new(gate), astray).await;
    scene.look().await.says(&port(&scene), Health::Bad, &["302"]);
    let mut scene = Scene::good().await;
    scene.ports.http = 1;
    scene.look().await.says("port 1 of app.x.example", Health::Doubtful, &["nothing answers"]);
    scene.ports.https = 1;
    scene.look().await.says("port 1 of app.x.example", Health::Bad, &["refused", "docker compose"]);
    // The port of https without TLS.
    let mut scene = Scene::good().await;
    scene.ports.https = scene.ports.http;
    let subject = format!("port {} of app.x.example", scene.ports.https);
    scene.look().await.says(&subject, Health::Bad, &["no TLS"]);
}

#[tokio::test]
async fn ports_that_are_open_besides_are_told() {
    let mut scene = Scene::good().await;
    // As a database does with what it does not understand.
    let hangs_up = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = hangs_up.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = hangs_up.accept().await {
            drop(stream);
        }
    });
    scene.ports.closed = vec![(port, "PostgreSQL")];
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
    scene.look().await.says("other ports", Health::Doubtful, &[&at, "firewall", "PostgreSQL"]);
    scene.side = Side::Elsewhere;
    scene.look().await.says("other ports", Health::Bad, &[&at, "to everybody"]);
    serving.abort();
    let _ = serving.await;
    scene.look().await.says("other ports", Health::Good, &["closed"]);
}

#[tokio::test]
async fn a_proxy_that_passes_too_much_is_told() {
    let says: Says = Arc::new(|head| match head {
        _ if head.contains("x_forwarded_user") => {
            answer("400 Bad Request", "", "The header x_forwarded_user is written with _: …")
        }
        _ if head.starts_with("GET /auth/traefik ") => answer("403 Forbidden", "", "Only a proxy"),
        _ => gate(head),
    });
    let found = Scene::new(says, Arc::new(to_https)).await.look().await;
    found.says("alias headers", Health::Bad, &["x_forwarded_user", "aliasHeadersStrategy: delete"]);
    let words = ["/auth/traefik (403", "!PathPrefix(`/auth/`)"];
    found.says("checks at admin.x.example", Health::Doubtful, &words);
}

#[tokio::test]
async fn a_clock_that_is_two_minutes_off_is_told() {
    let mut scene = Scene::good().await;
    scene.now = "2027-01-01T12:02:01Z";
    scene.look().await.says("clocks", Health::Bad, &["120 s behind", "timedatectl"]);
}

#[tokio::test]
async fn where_a_sign_in_leads_is_told() {
    const BACK: &str = "https%3A%2F%2Fadmin.x.example%2Foauth2%2Fcallback";
    let login = |back: &str, provider: u16| -> Says {
        let at =
            format!("http://login.example:{provider}/authorize?client_id=c&redirect_uri={back}");
        Arc::new(move |head| match head {
            _ if head.contains("/oauth2/start") => {
                answer("303 See Other", &format!("location: {at}\r\n"), "")
            }
            _ => gate(head),
        })
    };
    let takes: Says = Arc::new(|_| {
        let to = "location: https://admin.x.example/oauth2/callback?error=login_required\r\n";
        answer("302 Found", &format!("{to}date: Fri, 01 Jan 2027 12:02:01 GMT\r\n"), "")
    });
    let refuses: Says = Arc::new(|_| answer("200 OK", "", "AADSTS50011: it does not match"));
    for (says, back, state, words) in [
        (
            Arc::clone(&takes),
            BACK,
            Health::Good,
            "takes the way back to https://admin.x.example/oauth2",
        ),
        (refuses, BACK, Health::Bad, "register exactly https://admin.x.example/oauth2/callback"),
        (takes, "https%3A%2F%2Fgate.old%2Foauth2%2Fcallback", Health::Bad, "GATEHALL_PUBLIC_URL"),
    ] {
        let provider = serve(None, says).await;
        let mut scene = Scene::new(login(back, provider), Arc::new(to_https)).await;
        scene.name("login.example", Ok(&["127.0.0.1"]));
        let found = scene.look().await;
        found.says("sign-in", state, &[words]);
        if state == Health::Good {
            // The provider's clock is another than ours.
            found.says("clocks", Health::Bad, &["120 s behind that of login.example"]);
        }
    }
}
