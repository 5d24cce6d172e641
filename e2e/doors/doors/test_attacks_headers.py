"""Attacks with headers and hosts, through the real proxies."""

from . import names
from .attacks import Attacker, check_no_grant, cookie, endpoint, question
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
    "list in one value": [
        ("X-User-Groups", "engineering,MCP-Admin"),
        ("X-User-Admin", "true, false"),
    ],
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


HOSTS = (
    "evil.example",
    "gate.localhost",
    "app.gate.localhost.evil.example",
    "app.gate.localhost%00",
)
HOSTS += ("xapp.gate.localhost", "app_gate.localhost", "127.0.0.1", "strange.gate.localhost")


@table([(host, dialect) for host in HOSTS for dialect in ("traefik", "nginx", "envoy")])
def test_a_strange_host_admits_nobody(world, host, dialect):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", endpoint(dialect), [*question(dialect, host), session])
    # Envoy's is the host of the check itself, which nothing can be if it is no name.
    no_host = dialect == "envoy" and "%" in host
    attacker.check_refused(answer, None if no_host else ("host-rule.none", "check.form"), 400, 403)


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
    heads = [each["raw"].lower() for each in world.recorded()]
    assert not [head for head in heads if "\nhost: admin" in head], heads


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
