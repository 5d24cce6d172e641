"""Attacks with headers, hosts and paths: through the real proxies, and on the checks themselves."""

from . import names
from .attacks import Attacker, check_no_grant, cookie, own_gate
from .client import send, send_raw
from .runner import table

ROOT = "root@google.example"
FORGED = [
    ("X-User-Email", ROOT),
    ("X-User-Groups", "MCP-Admin"),
    ("X-User-Admin", "true"),
    ("X-User-Name", "Root"),
    ("X-Gatehall-Assertion", "e30.e30.AAAA"),
]
FORGED_VALUES = {value for _, value in FORGED}


def named(form):
    return [(form(name), value) for name, value in FORGED]


# What a visitor adds to be taken for somebody else.
FORGERIES = {
    "plain": FORGED,
    "doubled": FORGED + FORGED,
    "lower case": named(str.lower),
    "underscores": named(lambda name: name.replace("-", "_")),
    "dots": named(lambda name: name.replace("-", ".")),
    "underscore and dot": named(lambda name: name.replace("-", "_", 1).replace("-", ".", 1)),
    "listed in Connection": [*FORGED, ("Connection", "close, " + ", ".join(names.IDENTITY))],
    "unforged but listed in Connection": [("Connection", "close, " + ", ".join(names.IDENTITY))],
    "empty ones listed in Connection": [
        *[(name, "") for name in names.IDENTITY],
        ("Connection", "close, x-user-email, x-user-admin"),
    ],
    "X-Forwarded-User": [("X-Forwarded-User", ROOT), ("Remote-User", ROOT)],
    "event stream around a plugin": [
        *FORGED,
        ("Accept", "text/event-stream"),
        ("X-Forwarded-User", ROOT),
    ],
    "list in one value": [("X-User-Groups", "engineering,MCP-Admin"), ("X-User-Admin", "true, false")],
    "X-Forwarded-Host of an open host": [("X-Forwarded-Host", f"open.{names.DOMAIN}"), *FORGED],
    "X-Forwarded-Uri of an open path": [("X-Forwarded-Uri", "/public"), *FORGED],
    "X-Original-URL of an open host": [
        ("X-Original-URL", f"http://open.{names.DOMAIN}/"),
        ("X-Original-Method", "GET"),
        *FORGED,
    ],
    "X-Rewrite-URL and method override": [
        ("X-Rewrite-URL", "/public"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        *FORGED,
    ],
}


@table([(kind, form) for form in FORGERIES for kind in names.PROXIES])
def test_nobody_becomes_somebody(world, kind, form):
    proxy = world.proxy(kind)
    world.recorded()
    for host in ("app", "admin"):
        answer = send(proxy, "/", f"{host}.{names.DOMAIN}", headers=FORGERIES[form])
        # nginx as it was set up for oauth2-proxy shows the page of providers to everybody.
        assert answer.status == 401, answer
        check_no_grant(answer)
    assert world.recorded() == []


@table([(kind, form) for form in FORGERIES for kind in names.PROXIES])
def test_bob_stays_bob(world, kind, form):
    visitor = world.signed_in("bob")
    answer = visitor.request("GET", world.url(kind, "app", "/bob"), FORGERIES[form])
    assert answer.status == 200, answer
    email = []
    for name, value in answer.json()["headers"]:
        plain = name.lower().replace("_", "-").replace(".", "-")
        if plain in {each.lower() for each in names.IDENTITY}:
            assert value not in FORGED_VALUES and "MCP-Admin" not in value, f"{name}: {value}"
        assert ROOT not in value, f"{name}: {value}"
        email += [value] if name.lower() == "x-user-email" else []
    assert email == ["bob@google.example"], email
    answer = visitor.request("GET", world.url(kind, "admin"), FORGERIES[form])
    assert answer.status == 403, answer
    check_no_grant(answer)


# /public is open, /engine is for engineers: bob is none.
PATHS = {
    "dots": "/public/../engine",
    "encoded dots": "/public/%2e%2e/engine",
    "encoded dots in capitals": "/public/%2E%2E/engine",
    "half encoded dots": "/public/.%2e/engine",
    "dots encoded twice": "/public/%252e%252e/engine",
    "two slashes": "//engine",
    "slashes within": "/public//../engine",
    "one dot": "/./engine",
    "semicolon": "/public/..;/engine",
    "semicolon behind": "/engine;x=1",
    "encoded semicolon": "/public/..%3b/engine",
    "encoded slash": "/public%2f..%2fengine",
    "encoded slash in front": "/%2fengine",
    "backslash": "/public\\..\\engine",
    "encoded backslash": "/public%5c..%5cengine",
    "null": "/engine%00",
    "null within": "/public/%00/../engine",
    "encoded letter": "/%65ngine",
    "encoded letters": "/%65%6e%67%69%6e%65/x",
    "encoded letter behind an open path": "/public/../%65ngine",
    "overlong dots": "/public/%c0%ae%c0%ae/engine",
    "line break": "/engine%0a",
    "tab": "/engine%09",
    "no hexadecimal": "/public/%zz/../engine",
    "fragment": "/public#/../engine",
}


@table([(name, kind) for name in PATHS for kind in names.PROXIES])
def test_no_path_leads_around_a_rule(world, name, kind):
    visitor = world.signed_in("bob")
    world.url(kind, "app")
    world.recorded()
    for method in ("GET", "POST"):
        answer = visitor.request(method, f"http://app.{names.DOMAIN}:{world.port(kind)}/")
        world.recorded()
        headers = [cookie(visitor.jar.get(names.SESSION_COOKIE)), ("User-Agent", "program/1.0")]
        answer = send(world.port(kind), PATHS[name], f"app.{names.DOMAIN}", method, headers)
        assert answer.status in (301, 302, 307, 308, 400, 403, 404, 405), answer
        check_no_grant(answer)
        assert world.recorded() == []


@table([(name,) for name in PATHS])
def test_every_path_around_a_rule_is_noted(world, name):
    visitor, attacker = world.signed_in("bob"), Attacker(world)
    headers = question("traefik", path=PATHS[name])
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", "/auth/traefik", [*headers, session])
    attacker.check_refused(answer, "host-rule", 403)


def question(dialect, host=f"app.{names.DOMAIN}", path="/", scheme="http", method="GET"):
    """What a proxy of this kind says of a request."""
    if dialect == "nginx":
        return [("X-Original-Method", method), ("X-Original-URL", f"{scheme}://{host}{path}")]
    if dialect == "envoy":
        return [("Host", host), ("X-Forwarded-Proto", scheme)]
    return [
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Uri", path),
    ]


def endpoint(dialect, path="/"):
    return {"envoy": f"/auth/envoy{path}", "nginx-oauth2": names.AUTH}.get(
        dialect, f"/auth/{dialect}"
    )


def without(headers, name):
    return [each for each in headers if each[0] != name]


def with_value(headers, name, *values):
    return without(headers, name) + [(name, value) for value in values]


def spoiled():
    """Questions that are not whole, or odd: (name, dialect, headers)."""
    for dialect in names.PROXIES:
        good = question(dialect)
        for name, value in good:
            # Without what an old set-up does not send, the drop-in takes the request itself.
            if not (dialect == "nginx-oauth2" and name != "X-Forwarded-Uri"):
                if name != "Host":
                    yield f"no {name}", dialect, without(good, name)
            if dialect == "nginx-oauth2" and name == "X-Forwarded-Method":
                continue
            yield f"{name} twice", dialect, with_value(good, name, value, value)
            yield f"{name} empty", dialect, with_value(good, name, "")
            yield f"{name} not ASCII", dialect, with_value(good, name, f"{value}\xe4")
    odd = {
        "X-Forwarded-Method": ["G ET", "GET,POST", "GET\x0b", "{}"],
        "X-Forwarded-Proto": ["ftp", "javascript", "http,https", "HTTP "[:4] + "S\x7f"],
        "X-Forwarded-Host": [
            f"app.{names.DOMAIN},open.{names.DOMAIN}",
            f"open.{names.DOMAIN}@app.{names.DOMAIN}",
            f"app.{names.DOMAIN}:80:80",
            f"app.{names.DOMAIN}:99999",
            f"app.{names.DOMAIN}/public",
            "app..localhost",
            "[::1",
            "a" * 300,
        ],
        "X-Forwarded-Uri": ["engine", "http://open.gate.localhost/", "/a b", "*"],
    }
    for name, values in odd.items():
        for value in values:
            yield f"{name}: {value[:40]!r}", "traefik", with_value(question("traefik"), name, value)
    for value in ("//app.gate.localhost/", "http:/app.gate.localhost/", "app.gate.localhost", "://"):
        yield f"X-Original-URL: {value}", "nginx", with_value(question("nginx"), "X-Original-URL", value)


@table([(name, dialect, headers) for name, dialect, headers in spoiled()])
def test_what_is_not_whole_is_no_question(world, name, dialect, headers):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", endpoint(dialect), [*headers, session])
    attacker.check_refused(answer, "check.form", 400, 401, 403)


@table([(kind,) for kind in names.PROXIES] + [("forwarded-user",)])
def test_only_a_proxy_may_ask(world, kind):
    gate = own_gate(world, "alone", GATEHALL_TRUSTED_PROXIES="")
    attacker = Attacker(world, gate)
    attacker.address = "127.0.0.1"
    headers = [*question(kind), ("X-Forwarded-User", "alice@google.example")]
    answer = attacker.ask("GET", endpoint(kind), headers)
    attacker.check_refused(answer, "check.proxy", 403)


SWITCHES = (
    "email=alice%40google.example",
    "user=alice@google.example&admin=true",
    "X-User-Email=alice@google.example",
    "host=open.gate.localhost&path=/public",
    "rd=/&allow=1&debug=true&test=1",
    "allowed_emails=alice@google.example&allowed_groups=MCP-Admin",
    "access_token=x&skip_auth=1",
)


@table([(kind, switch) for kind in names.PROXIES for switch in SWITCHES])
def test_nothing_is_switched_by_a_query(world, kind, switch):
    attacker = Attacker(world)
    answer = attacker.ask("GET", f"{endpoint(kind)}?{switch}", question(kind))
    attacker.check_refused(answer, None, 401)
    proxied = send(world.proxy(kind), f"/?{switch}", f"app.{names.DOMAIN}")
    assert proxied.status == 401, proxied
    check_no_grant(proxied)


HOSTS = ("evil.example", "gate.localhost", "app.gate.localhost.evil.example", "app.gate.localhost%00")
HOSTS += ("xapp.gate.localhost", "app_gate.localhost", "127.0.0.1", "strange.gate.localhost")


@table([(host, dialect) for host in HOSTS for dialect in ("traefik", "nginx", "envoy")])
def test_a_strange_host_admits_nobody(world, host, dialect):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", endpoint(dialect), [*question(dialect, host), session])
    attacker.check_refused(answer, ("host-rule.none", "check.form"), 400, 403)


@table([(kind,) for kind in names.PROXIES])
def test_a_target_with_another_host_opens_nothing(world, kind):
    proxy = world.proxy(kind)
    world.recorded()
    for target, host in (("admin", "open"), ("open", "admin")):
        answer = send_raw(
            proxy,
            f"GET http://{target}.{names.DOMAIN}:{proxy}/ HTTP/1.1\r\n"
            f"Host: {host}.{names.DOMAIN}:{proxy}\r\nConnection: close\r\n\r\n",
        )
        assert answer.status < 500, answer
    hosts = [value for each in world.recorded() for name, value in each["headers"] if name.lower() == "host"]
    assert not [host for host in hosts if host.startswith("admin")], hosts


PREFLIGHT = [
    ("Origin", "https://evil.example"),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization"),
]
HANDSHAKE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Accept", "text/html"),
]


@table([(kind,) for kind in names.PROXIES])
def test_a_preflight_opens_nothing(world, kind):
    answer = send(world.proxy(kind), "/", f"app.{names.DOMAIN}", "OPTIONS", PREFLIGHT)
    assert answer.status == 401 and answer.header("access-control-allow-origin") is None, answer
    check_no_grant(answer)


@table([(kind,) for kind in names.PROXIES])
def test_a_websocket_is_refused_and_not_sent_away(world, kind):
    answer = send(world.proxy(kind), "/", f"app.{names.DOMAIN}", "GET", HANDSHAKE)
    assert answer.status == 401 and answer.header("location") is None, answer
    check_no_grant(answer)
