"""The shown proxy configurations: identity headers reach the backend only as the check said them,
the check is told the truth, and whatever goes wrong with the check closes the door.

The check here says what a test wants, also what Gatehall never would.
"""

import json

from . import names
from .client import send, send_raw
from .processes import own_address
from .runner import table

GRANT = [
    ("X-User-Email", "alice@google.example"),
    ("X-User-Groups", "google-employees,Tenant-Google"),
    ("X-User-Admin", "false"),
    ("X-User-Name", "Alice Example"),
    ("X-Gatehall-Assertion", "aaaa.bbbb.cccc"),
    ("Cache-Control", "no-store"),
]
SAID = {name.lower(): value for name, value in GRANT if name != "Cache-Control"}
FORGED = [
    ("X-User-Email", "root@google.example"),
    ("X-User-Groups", "MCP-Admin"),
    ("X-User-Admin", "true"),
    ("X-User-Name", "Root"),
    ("X-Gatehall-Assertion", "forged.forged.forged"),
]
FORGED_VALUES = {value for _, value in FORGED} | {"forged"}
EVERY_PROXY = [(kind,) for kind in names.PROXIES]


def aliases(form):
    return [(form(name), value) for name, value in FORGED]


ATTACKS = {
    "plain": FORGED,
    "twice": FORGED + FORGED,
    "lower case": aliases(str.lower),
    "upper case": aliases(str.upper),
    "underscores": aliases(lambda name: name.replace("-", "_")),
    "one underscore": aliases(lambda name: name.replace("-", "_", 1)),
    "dots": aliases(lambda name: name.replace("-", ".")),
    "mixed": aliases(lambda name: name.lower().replace("-", "_", 1).replace("-", ".", 1)),
    "listed in Connection": [*FORGED, ("Connection", "close, " + ", ".join(names.IDENTITY))],
    "listed in Connection, lower case": [
        *FORGED,
        ("Connection", "close," + ",".join(names.IDENTITY).lower()),
    ],
    "listed in a second Connection": [
        *FORGED,
        ("Connection", "close"),
        ("Connection", "X-User-Admin, X-User-Email"),
    ],
    "listed in Connection without forging": [("Connection", "close, " + ", ".join(names.IDENTITY))],
    "listed in Proxy-Connection": [*FORGED, ("Proxy-Connection", ", ".join(names.IDENTITY))],
    "with an upgrade": [
        *FORGED,
        ("Connection", "Upgrade, X-User-Admin, X-User-Email"),
        ("Upgrade", "websocket"),
    ],
    "empty": [(name, "") for name, _ in FORGED],
    "event stream": [*FORGED, ("Accept", "text/event-stream"), ("X-Forwarded-User", "forged")],
    "names of other gates": [
        ("X-Forwarded-User", "forged"),
        ("Remote-User", "forged"),
        ("x_forwarded_user", "forged"),
    ],
}


def folded(name):
    return name.lower().replace("_", "-").replace(".", "-")


def reached_backend(answer):
    return any(name.lower() == "x-backend" for name, _ in answer.headers)


@table([(kind, attack) for kind in names.PROXIES for attack in ATTACKS])
def test_names_come_from_the_check_alone(world, kind, attack):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, GRANT)
    world.recorded()
    answer = send(proxy, "/page?x=1", "app." + names.DOMAIN, headers=ATTACKS[attack])
    recorded = world.recorded()
    if answer.status == 400 and not recorded:
        return  # Refusing the whole request is as good.
    assert answer.status == 200 and len(recorded) == 1, answer
    seen = recorded[0]["headers"]
    for name, value in seen:
        if folded(name) in SAID:
            assert value == SAID[folded(name)], f"{name}: {value}"
        assert value not in FORGED_VALUES, f"{name}: {value}"
    for name, value in SAID.items():
        values = [each for header, each in seen if header.lower() == name]
        assert values == [value], f"{name} arrived as {values}"


@table(
    [
        (kind, status, shown)
        for kind in names.PROXIES
        for status, shown in ((200, "bare"), (202, "bare"), (200, "empty"))
    ]
)
def test_a_grant_that_names_nobody_lets_no_name_through(world, kind, status, shown):
    """A check that forgets a header or sends it empty must not leave the client's own there."""
    proxy = world.checked(kind)
    world.check.say(status, [] if shown == "bare" else [(name, "") for name in names.IDENTITY])
    answer = send(proxy, "/", "app." + names.DOMAIN, headers=FORGED)
    if kind == "envoy" and status == 202:
        assert not reached_backend(answer), answer
        return
    assert answer.status == 200, answer
    for name, value in json.loads(answer.body)["headers"]:
        if folded(name) in SAID:
            # Caddy 2.6 fills in its own placeholder for what the check did not say.
            assert value == "" or value.startswith("{http.reverse_proxy."), f"{name}: {value}"


SPOOFED = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Uri", "/evil"),
    ("X-Forwarded-Method", "EVIL"),
    ("X-Original-URL", "http://evil.example/evil"),
    ("X-Original-Method", "EVIL"),
    ("Forwarded", "for=203.0.113.9;host=evil.example"),
]


def metadata(asked, kind, port):
    """What the check would take for the original request, as each dialect says it."""
    got = {name.lower(): value for name, value in asked["headers"]}
    if kind == "nginx":
        return got["x-original-method"], got["x-original-url"]
    if kind == "envoy":
        return (
            asked["method"],
            f"{got['x-forwarded-proto']}://{got['host']}{asked['target'].removeprefix('/auth/envoy')}",
        )
    return (
        got["x-forwarded-method"],
        f"{got['x-forwarded-proto']}://{got['x-forwarded-host']}{got['x-forwarded-uri']}",
    )


@table([(kind, method) for kind in names.PROXIES for method in ("GET", "POST", "DELETE")])
def test_the_check_is_told_the_truth(world, kind, method):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, GRANT)
    host = f"mcp.{names.DOMAIN}"
    answer = send(
        proxy,
        "/a/b?email=root%40google.example",
        host,
        method,
        SPOOFED,
        body="hello" if method == "POST" else None,
    )
    assert answer.status == 200, answer
    assert len(world.check.asked) == 1
    asked = world.check.asked[0]
    assert metadata(asked, kind, proxy) == (
        method,
        f"http://{host}:{proxy}/a/b?email=root%40google.example",
    )
    assert asked["target"].startswith(names.CHECKS[kind]) and asked["body"] == b""
    forwarded = [value for name, value in asked["headers"] if name.lower() == "x-forwarded-for"]
    # Envoy adds an address of its own, which its check has to know as a proxy's.
    assert forwarded == [
        f"127.0.0.1,{own_address()}" if kind == "envoy" else "127.0.0.1"
    ], forwarded
    seen = json.loads(answer.body)
    for name, value in seen["headers"]:
        if name.lower().startswith("x-forwarded") or name.lower() == "forwarded":
            assert (
                "evil" not in value.lower() and "203.0.113.9" not in value and value != "gopher"
            ), f"{name}: {value}"
    assert seen["body"] == ("hello" if method == "POST" else "")


@table(EVERY_PROXY)
def test_a_browser_is_sent_to_log_in(world, kind):
    proxy = world.checked(kind)
    login = "http://auth.gate.localhost:1/oauth2/start?rd=http%3A%2F%2Fapp.gate.localhost%2F"
    nginx = kind.startswith("nginx")
    headers = [
        ("Location", login),
        ("Set-Cookie", "__Secure-attempt=1; Path=/; Secure"),
        ("Cache-Control", "no-store"),
    ]
    world.check.say(401 if nginx else 302, headers, elsewhere={names.SIGN_IN: (302, headers)})
    answer = send(proxy, "/deep?q=1&r=2", "app." + names.DOMAIN, headers=names.BROWSER_HEADERS)
    assert answer.status == 302 and answer.header("location") == login, answer
    assert kind == "nginx" or answer.header("set-cookie"), answer
    if kind == "nginx-oauth2":
        asked = dict(world.check.asked[-1]["headers"])
        assert asked["X-Auth-Request-Redirect"] == f"http://app.{names.DOMAIN}:{proxy}/deep?q=1&r=2"


@table(EVERY_PROXY)
def test_a_program_sees_the_401(world, kind):
    proxy = world.checked(kind)
    challenge = (
        'Bearer resource_metadata="http://auth.gate.localhost/.well-known/oauth-protected-resource"'
    )
    world.check.say(401, [("WWW-Authenticate", challenge)])
    answer = send(proxy, "/", "app." + names.DOMAIN, headers=names.PROGRAM_HEADERS)
    assert answer.status == 401 and set(answer.all("www-authenticate")) == {challenge}, answer
    assert answer.header("location") is None, answer


# What an answer of 500 and above becomes, where it does not stay what it is.
FAULT_BECOMES = {"nginx": 500, "nginx-oauth2": 500, "envoy": 503}


@table([(kind, status) for kind in names.PROXIES for status in (400, 403, 404, 429, 500, 502, 503)])
def test_any_other_answer_closes(world, kind, status):
    proxy = world.checked(kind)
    world.check.say(status, GRANT, b"no")
    answer = send(proxy, "/", "app." + names.DOMAIN, headers=names.BROWSER_HEADERS)
    assert not reached_backend(answer) and answer.status >= 400, answer
    if status == 403:
        assert answer.status == 403, answer
    if status >= 500:
        assert answer.status == FAULT_BECOMES.get(kind, status), answer


@table(EVERY_PROXY)
def test_no_answer_closes(world, kind):
    proxy = world.unchecked(kind)
    answer = send(proxy, "/", "app." + names.DOMAIN, headers=FORGED)
    assert not reached_backend(answer) and answer.status >= 500, answer


@table(
    [
        (kind, path)
        for kind in names.PROXIES
        for path in (
            "/public/../admin/x",
            "//admin//x",
            "/public/%2e%2e/admin/x",
            "/public%2f..%2fadmin/x",
            "/public/..%2fadmin/x",
            "/./admin/x",
            "/admin;x/..",
        )
    ]
)
def test_check_and_backend_see_one_path(world, kind, path):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, GRANT)
    answer = send(proxy, path, "app." + names.DOMAIN)
    if answer.status in (301, 302, 307, 308, 400, 404):
        assert not reached_backend(answer)
        return
    assert answer.status == 200, answer
    _, asked = metadata(world.check.asked[0], kind, proxy)
    assert asked.endswith(json.loads(answer.body)["target"]), (
        asked,
        json.loads(answer.body)["target"],
    )


@table(EVERY_PROXY)
def test_an_unknown_host_reaches_nothing(world, kind):
    proxy = world.checked(kind)
    world.check.say(200, GRANT)
    for host in ("evil.example", "gate.localhost", "app.gate.localhost.evil.example"):
        assert not reached_backend(send(proxy, "/", host)), host
    doubled = send_raw(
        proxy,
        f"GET / HTTP/1.1\r\nHost: open.{names.DOMAIN}\r\nHost: admin.{names.DOMAIN}\r\nConnection: close\r\n\r\n",
    )
    assert not reached_backend(doubled), doubled


@table(EVERY_PROXY)
def test_gatehall_itself_is_not_behind_the_check(world, kind):
    if kind == "nginx-oauth2":
        return
    proxy = world.checked(kind)
    cookies = ["__Secure-a=1; Path=/; Secure; HttpOnly", "__Secure-b=2; Path=/; Secure; HttpOnly"]
    world.check.say(
        303,
        [("Set-Cookie", cookies[0]), ("Set-Cookie", cookies[1]), ("Location", "http://x.example/")],
    )
    answer = send(proxy, "/oauth2/callback?code=1&state=2", names.GATE_HOST)
    assert answer.status == 303 and answer.all("set-cookie") == cookies, answer
    assert world.check.asked[0]["target"] == "/oauth2/callback?code=1&state=2"
