"""Attacks on the checks themselves: questions that no proxy asks, and askers who are no proxy."""

from . import names
from .attacks import Attacker, check_no_grant, cookie, endpoint, own_gate, question
from .client import send
from .runner import table


def without(headers, name):
    return [each for each in headers if each[0] != name]


def with_value(headers, name, *values):
    return without(headers, name) + [(name, value) for value in values]


def spoiled():
    """Questions that are not whole, or odd: (name, dialect, headers)."""
    for dialect in names.PROXIES:
        good = question(dialect)
        for name, value in good:
            # The drop-in takes the request's own host where nothing else is said, and no method.
            if name != "Host" and (dialect != "nginx-oauth2" or name == "X-Forwarded-Uri"):
                yield f"no {name}", dialect, without(good, name)
            if dialect == "nginx-oauth2" and name == "X-Forwarded-Method":
                continue
            yield f"{name} twice", dialect, with_value(good, name, value, value)
            yield f"{name} empty", dialect, with_value(good, name, "")
            # Raw bytes in a path are for the rules (test_attacks_paths).
            if name not in ("X-Forwarded-Uri", "X-Original-URL"):
                yield f"{name} not ASCII", dialect, with_value(good, name, f"{value}\xe4")
    odd = {
        "X-Forwarded-Method": ["G ET", "GET,POST", "GET\x0b", "{}"],
        "X-Forwarded-Proto": ["ftp", "javascript", "http,https", "https\x7f"],
        "X-Forwarded-Host": [
            f"app.{names.DOMAIN},open.{names.DOMAIN}",
            f"open.{names.DOMAIN}@app.{names.DOMAIN}",
            f"app.{names.DOMAIN}:80:80",
            f"app.{names.DOMAIN}:99999",
            f"app.{names.DOMAIN}:80?",
            f"app.{names.DOMAIN}:+80",
            f"app.{names.DOMAIN}#",
            f"app.{names.DOMAIN}/public",
            "app..localhost",
            "[::1",
            "a" * 300,
        ],
        "X-Forwarded-Uri": ["engine", "http://open.gate.localhost/", "/a b", "*", "?", "/#"],
    }
    for name, values in odd.items():
        for value in values:
            yield f"{name}: {value[:40]!r}", "traefik", with_value(question("traefik"), name, value)
    for value in (
        "//app.gate.localhost/",
        "http:/app.gate.localhost/",
        "app.gate.localhost",
        "http://app.gate.localhost:80?/engine",
        "http://app.gate.localhost#/engine",
        "http://open.gate.localhost\\@app.gate.localhost/",
        "http://app.gate.localhost",
        "://",
    ):
        yield (
            f"X-Original-URL: {value}",
            "nginx",
            with_value(question("nginx"), "X-Original-URL", value),
        )


def contradictions():
    """Whole questions, with a header beside that says something else: (name, dialect, headers)."""
    for dialect in names.PROXIES:
        good = question(dialect)
        for name, value in (
            ("X-Original-URL", f"http://open.{names.DOMAIN}/"),
            ("X-Original-URL", f"http://app.{names.DOMAIN}/public"),
            ("X-Forwarded-Host", f"open.{names.DOMAIN}"),
            ("X-Forwarded-Uri", "/public"),
            ("X-Forwarded-Proto", "https"),
        ):
            if name not in dict(good):
                yield f"{name} besides: {value}", dialect, [*good, (name, value)]


@table(list(spoiled()) + list(contradictions()))
def test_what_is_not_whole_is_no_question(world, name, dialect, headers):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", endpoint(dialect), [*headers, session])
    # A control character does not get as far as the gate's rules, nor does a request for no host.
    broken = any(not character.isprintable() for _, value in headers for character in value)
    broken |= dialect == "envoy" and name.startswith("Host ")
    attacker.check_refused(answer, None if broken else "check.form", 400, 401, 403)


@table([(kind,) for kind in names.PROXIES] + [("forwarded-user",)])
def test_only_a_proxy_may_ask(world, kind):
    gate = own_gate(world, "alone", GATEHALL_TRUSTED_PROXIES=None)
    attacker = Attacker(world, gate)
    attacker.address = "127.0.0.1"
    headers = [*question(kind), ("X-Forwarded-User", "alice@google.example")]
    answer = attacker.ask("GET", endpoint(kind), headers)
    attacker.check_refused(answer, "check.proxy", 403)


@table([(kind, dialect) for kind in names.PROXIES[:4] for dialect in names.PROXIES])
def test_a_client_is_not_told_what_proxies_are_told(world, kind, dialect):
    """Not even about the client: what Gatehall signs is for backends."""
    visitor = world.signed_in("bob")
    headers = [cookie(visitor.jar.get(names.SESSION_COOKIE))]
    headers += [*question("nginx"), *without(question("traefik"), "X-Forwarded-Host")]
    answer = send(world.proxy(kind), endpoint(dialect), names.GATE_HOST, "GET", headers)
    assert answer.status in (400, 401, 403, 404), answer
    check_no_grant(answer)


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
