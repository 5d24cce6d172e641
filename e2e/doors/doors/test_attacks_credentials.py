"""Attacks by whoever runs a backend below the cookie domain: with the lines that the pages show for
it, no backend gets a visitor's session or key, whatever cookies of that name it has set itself."""

import itertools
import json
import re

from . import names, proxies
from .client import send
from .processes import until
from .runner import table
from .world import ROOT, TOOLS

APP = f"app.{names.DOMAIN}"
SECRET = "the-real-one"
OURS = f"{names.SESSION_COOKIE}={SECRET}"
PARTS = [OURS, "a=1", f"{names.SESSION_COOKIE}=forged", f"{names.SESSION_COOKIE}=", "b=München"]


def cookies():
    """The session's cookie among others, first, last and in between, also as no browser writes it."""
    for count in range(1, len(PARTS) + 1):
        for order in itertools.permutations(PARTS, count):
            if OURS in order:
                yield from (blank.join(order) for blank in ("; ", ";", " ; ", ";\t"))
    for odd in (f"a={OURS}", f'a="; {OURS}"', f'"{OURS}"', f"a; {OURS};", f"={OURS}", f" {OURS} "):
        yield odd


def shown(page, word):
    """The block within a trap of a page that holds a word."""
    text = (ROOT / "docs/proxies" / page).read_text()
    found = re.findall(r"^  ```\w+\n((?:  .*\n)*?)  ```$", text, re.M)
    (block,) = [block for block in found if word in block]
    return "".join(line[2:] for line in block.splitlines(keepends=True))


def before(text, mark, lines):
    assert text.count(mark) == 1, (mark, text.count(mark))
    return text.replace(mark, f"{lines}{mark}")


def nginx(text):
    mark = "        # The names that oauth" if "The names that oauth" in text else "        # Each"
    text = before(text, mark, shown("nginx.md", "Cookie $"))
    return shown("nginx.md", "map $http_cookie") + text


def caddy(text):
    mark = "\t\treverse_proxy {{BACKEND}} {"
    return before(text, mark, shown("caddy.md", "request_header Cookie"))


def envoy(text):
    lines = shown("envoy.md", "- cookie").splitlines(keepends=True)
    lines = "".join(" " * 22 + line for line in lines)
    head, tail = text.split("                      request_headers_to_remove:\n")
    routes = tail.index("                      routes:")
    return f"{head}{lines}{tail[routes:]}"


def traefik(text):
    assert text.count(", check]") == 2
    text = text.replace(", check]", ", check, no-credentials]")
    lines = shown("traefik.md", "no-credentials:").splitlines(keepends=True)
    return before(text, "    check:\n", "".join(f"    {line}" for line in lines))


CHANGES = {"caddy": caddy, "envoy": envoy, "traefik": traefik}


def proxy_without(world, kind):
    """A proxy with the lines that take credentials off behind the check."""
    name = f"{kind}-without-credentials"
    if name not in world.processes.running:
        change = CHANGES.get(kind, nginx)
        ports = (world.port(name), world.port("check"), world.backend)
        world.check.say(200)
        proxies.start(world.processes, TOOLS, kind, *ports, name, change)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    return world.port(name)


@table([(kind,) for kind in names.PROXIES])
def test_no_backend_gets_the_session(world, kind):
    proxy, leaked = proxy_without(world, kind), []
    for cookie in cookies():
        for headers in ([("Cookie", cookie)], [("Cookie", "c=3"), ("Cookie", cookie)]):
            answer = send(proxy, "/", APP, headers=headers)
            if SECRET in answer.text:
                leaked.append(headers)
            elif answer.status != 400:
                assert answer.header("x-backend") == "yes", answer
    assert not leaked, (len(leaked), leaked[:5])


@table([(kind,) for kind in names.PROXIES])
def test_a_check_gets_the_session_and_the_key(world, kind):
    """And no backend the key."""
    proxy = proxy_without(world, kind)
    key = ("Authorization", "Bearer ghk_the-real-one")
    answer = send(proxy, "/", APP, headers=[("Cookie", OURS), key])
    asked = {name.lower(): value for name, value in world.check.asked[-1]["headers"]}
    assert (asked["cookie"], asked["authorization"]) == (OURS, key[1]), asked
    assert answer.header("x-backend") == "yes" and SECRET not in answer.text, answer


@table([(kind,) for kind in names.PROXIES])
def test_no_cookie_of_others_locks_anybody_out(world, kind):
    proxy, visitor = world.proxy(kind), world.signed_in("alice")
    own = f"{names.SESSION_COOKIE}={visitor.jar.get(names.SESSION_COOKIE)}"
    for other in ("city=M\xfcnchen", f"{names.SESSION_COOKIE}=stale", f"{names.SESSION_COOKIE}=\xfc"):
        for cookie in (f"{other}; {own}", f"{own}; {other}"):
            answer = send(proxy, "/", APP, headers=[("Cookie", cookie), *names.PROGRAM_HEADERS])
            assert answer.status == 200, (cookie, answer)
            said = {name.lower(): value for name, value in answer.json()["headers"]}
            assert said["x-user-email"] == "alice@google.example", said


@table([(kind,) for kind in names.PROXIES])
def test_two_sessions_of_two_people_open_nothing(world, kind):
    proxy, people = world.proxy(kind), [world.signed_in(it) for it in ("alice", "bob")]
    two = "; ".join(f"{names.SESSION_COOKIE}={it.jar.get(names.SESSION_COOKIE)}" for it in people)
    world.recorded()
    answer = send(proxy, "/", APP, headers=[("Cookie", two), *names.PROGRAM_HEADERS])
    assert answer.status == 401 and not world.recorded(), answer
    answer = send(proxy, "/", APP, headers=[("Cookie", two), *names.BROWSER_HEADERS])
    # Signing in would not help. At oauth2-proxy's addresses nginx shows its page all the same.
    assert answer.header("location") is None and not world.recorded(), answer


@table([(kind,) for kind in names.PROXIES])
def test_a_management_key_opens_no_host(world, kind):
    """Whoever runs the host would get it."""
    proxy, owner = world.proxy(kind), ("--user", "alice@google.example")
    keys = [world.gatehall("key", "add", *owner, *it, "--json") for it in (("--manage",), ())]
    manage, plain = ([("Authorization", f"Bearer {json.loads(it)['key']}")] for it in keys)
    # When the gate has heard of the second, it knows the first.
    until("the gate heard of it", lambda: send(proxy, "/", APP, headers=plain).status == 200)
    world.recorded()
    answer = send(proxy, "/", APP, headers=manage)
    assert answer.status == 401 and not world.recorded(), answer
    until("the audit says so", lambda: "key.manage" in world.gatehall("audit", "--json"))
