use http::Request;

use super::*;

fn read(dialect: Dialect, uri: &str, headers: &[(&str, &str)]) -> Result<String, Problem> {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    Target::read(dialect, &head).map(|target| target.url().unwrap().to_string())
}

#[test]
fn each_proxy_is_understood() {
    let forward = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "App.example.com:8443"),
        ("x-forwarded-uri", "/a?b=c,d"),
    ];
    let expected = Ok("https://app.example.com:8443/a?b=c,d".to_owned());
    assert_eq!(read(Dialect::Traefik, "/auth/traefik?email=evil", &forward), expected);
    let nginx =
        [("x-original-method", "POST"), ("x-original-url", "https://app.example.com:8443/a?b=c,d")];
    assert_eq!(read(Dialect::Nginx, "/auth/nginx", &nginx), expected);
    let envoy = [("host", "app.example.com:8443"), ("x-forwarded-proto", "https")];
    assert_eq!(read(Dialect::Envoy, "/auth/envoy/a?b=c,d", &envoy), expected);
    assert_eq!(
        read(Dialect::OAuth2Proxy, "/oauth2/auth", &nginx[1..]),
        expected,
        "as nginx says it"
    );
    let both = [&nginx[1..], &[("host", "app.example.com:8443"), ("x-forwarded-uri", "/b")]];
    assert!(read(Dialect::OAuth2Proxy, "/oauth2/auth", &both.concat()).is_err());
}

#[test]
fn what_is_missing_twice_or_odd_is_no_question() {
    let good = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.example.com"),
        ("x-forwarded-uri", "/"),
    ];
    let with = |at: usize, value: Option<&'static str>| {
        let mut headers = good.to_vec();
        match value {
            Some(value) => headers[at].1 = value,
            None => drop(headers.remove(at)),
        }
        read(Dialect::Traefik, "/auth/traefik", &headers)
    };
    assert!(with(0, Some("GET")).is_ok());
    for (at, value) in [
        (0, None),
        (0, Some("G ET")),
        (0, Some("CONNECT")),
        (1, None),
        (1, Some("ftp")),
        (1, Some("https,http")),
        (1, Some("ws, wss")),
        (1, Some("https,")),
        (1, Some("https https")),
        (1, Some("https,ftp")),
        (1, Some("")),
        (2, None),
        (2, Some("a,b")),
        (2, Some("app.example.com@evil")),
        (2, Some("app.example.com:80?")),
        (2, Some("app.example.com:+80")),
        (2, Some("app.example.com:")),
        (2, Some("app.example.com:80:80")),
        (2, Some("app.example.com?")),
        (2, Some("app.example.com#")),
        (2, Some("app.example.com\\")),
        (2, Some("app.example.com..")),
        (2, Some("")),
        (3, None),
        (3, Some("")),
        (3, Some("evil")),
        (3, Some("?x")),
        (3, Some("*")),
        (3, Some("/admin#x")),
        (3, Some("/?x#y")),
        (3, Some("/a b")),
        (3, Some("a\u{e4}/")),
        (3, Some("/a\u{e4} b")),
        (3, Some("/a\u{e4}#b")),
        (3, Some("http://open.example.com/")),
    ] {
        assert!(with(at, value).is_err(), "{at} {value:?}");
    }
    let twice = [&good[..], &[("x-forwarded-host", "evil.example")]].concat();
    assert!(read(Dialect::Traefik, "/auth/traefik", &twice).is_err());
}

#[test]
fn a_scheme_may_be_said_as_that_of_a_web_socket_and_by_several_proxies() {
    for (said, scheme) in [
        ("http", "http"),
        ("https", "https"),
        ("ws", "http"),
        ("wss", "https"),
        ("WSS", "https"),
        ("https, https", "https"),
        ("wss,https", "https"),
        ("http , ws", "http"),
    ] {
        let forward = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", said),
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-uri", "/a"),
        ];
        let nginx = [
            ("x-original-method", "GET"),
            ("x-original-url", "wss://app.example.com/a"),
            forward[1],
        ];
        let envoy = [("host", "app.example.com"), forward[1]];
        let expected = Ok(format!("{scheme}://app.example.com/a"));
        assert_eq!(read(Dialect::Traefik, "/auth/traefik", &forward), expected, "{said}");
        assert_eq!(read(Dialect::Caddy, "/auth/caddy", &forward), expected, "{said}");
        assert_eq!(read(Dialect::OAuth2Proxy, "/oauth2/auth", &forward), expected, "{said}");
        assert_eq!(read(Dialect::Envoy, "/auth/envoy/a", &envoy), expected, "{said}");
        let same = read(Dialect::Nginx, "/auth/nginx", &nginx).is_ok();
        assert_eq!(same, scheme == "https", "{said}");
    }
}

#[test]
fn raw_bytes_lead_back_to_the_path_that_was_asked_for() {
    let forward = |uri: &'static [u8]| {
        let mut request = Request::builder().uri("/auth/traefik");
        for (name, value) in [
            ("x-forwarded-method", &b"GET"[..]),
            ("x-forwarded-proto", b"https"),
            ("x-forwarded-host", b"app.example.com"),
            ("x-forwarded-uri", uri),
        ] {
            request = request.header(name, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let target = Target::read(Dialect::Traefik, &head).unwrap();
        (target.url().unwrap().to_string(), target.path.is_ascii())
    };
    let at = |path: &str| format!("https://app.example.com{path}");
    assert_eq!(forward("/Gr\u{fc}n?a=b".as_bytes()), (at("/Gr%C3%BCn?a=b"), false));
    assert_eq!(forward("/a?q=M\u{fc}nchen".as_bytes()), (at("/a?q=M%C3%BCnchen"), true));
    assert!(!forward(b"/Gr\xfcn").1);
}

/// An authority ends where a path begins, and nowhere else.
#[test]
fn an_address_has_one_reading() {
    let of = |url: &str| {
        let headers = [("x-original-method", "GET"), ("x-original-url", url)];
        read(Dialect::Nginx, "/auth/nginx", &headers)
    };
    for (url, read) in [
        ("http://site:80/a?b=/c", "http://site/a?b=/c"),
        ("http://SITE.:80/a", "http://site/a"),
        ("http://[::1]:81/a", "http://[::1]:81/a"),
    ] {
        assert_eq!(of(url), Ok(read.to_owned()));
    }
    for url in [
        "http://site:80?/secret",
        "http://site?/secret",
        "http://site:80#/secret",
        "http://site:80\\/secret",
        "http://open@site/secret",
        "http://site:80@open/secret",
        "http://open:80;site/secret",
        "http://site",
        "http://site*",
        "http:///secret",
        "http://[::1]:80?/secret",
        "http://[::1]x/secret",
        "http://[site]/secret",
        "http://::1/secret",
        "//site/secret",
    ] {
        assert!(matches!(of(url), Err(Odd(_))), "{url}");
    }
}

/// Each thing that may be said is compared with every other, whichever the proxy set.
#[test]
fn two_headers_cannot_say_different_things() {
    let url = ("x-original-url", "http://app.example.com:8080/a?b");
    let nginx = [("x-original-method", "GET"), url];
    let forward = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "app.example.com:8080"),
        ("x-forwarded-uri", "/a?b"),
    ];
    let envoy = [("host", "app.example.com:8080"), ("x-forwarded-proto", "http")];
    let asked = [
        (Dialect::Traefik, "/auth/traefik", &forward[..]),
        (Dialect::Caddy, "/auth/caddy", &forward[..]),
        (Dialect::Nginx, "/auth/nginx", &nginx[..]),
        (Dialect::Envoy, "/auth/envoy/a?b", &envoy[..]),
        (Dialect::OAuth2Proxy, "/oauth2/auth", &forward[1..]),
        (Dialect::OAuth2Proxy, "/oauth2/auth", &nginx[..]),
    ];
    for (dialect, at, own) in asked {
        let with = |name: &'static str, value: &'static str| {
            let others = own.iter().filter(|(it, _)| *it != name).copied();
            let headers: Vec<_> = others.chain([(name, value)]).collect();
            (own.iter().all(|(it, _)| *it != name)).then(|| read(dialect, at, &headers).map(drop))
        };
        for (name, same, other) in [
            ("x-original-url", "http://APP.example.com/a?b", "http://open.example.com/a?b"),
            ("x-original-url", "ws://app.example.com:8080/a?b", "http://app.example.com/b"),
            ("x-original-url", "http://app.example.com.:8080/a?b", "http://app.example.com:80?/a"),
            ("x-forwarded-host", "app.example.com", "open.example.com"),
            ("x-forwarded-host", "app.example.com:8080", "app.example.com:8080?"),
            ("x-forwarded-uri", "/a?b", "/a"),
            ("x-forwarded-uri", "/a?b", "/a?b#"),
            ("x-forwarded-proto", "ws", "https"),
            ("x-forwarded-port", "8080", "80"),
            ("x-forwarded-port", "8080", "http"),
        ] {
            assert!(with(name, same).is_none_or(|it| it == Ok(())), "{dialect:?} {name}");
            let odd = with(name, other).is_none_or(|it| matches!(it, Err(Odd(_))));
            assert!(odd, "{dialect:?} {name}: {other}");
        }
    }
}
