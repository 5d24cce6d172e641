"""Whoever proves nothing reaches nothing: every route, with all that a stranger can make up."""

import concurrent.futures
import html
import re
import secrets
import time
import urllib.parse

import jwt

from doors import names
from doors.client import send
from doors.runner import table

from .deployment import CHATS, DOMAIN
from .person import Person
from .routes import chat_routes

ADA = "ada@google.example"
# All ways to write the header that Open WebUI believes.
SPELLINGS = [
    "X-User-Email",
    "x-user-email",
    "X-USER-EMAIL",
    "X_User_Email",
    "X-User_Email",
    "X_USER_EMAIL",
    "X.User.Email",
    "X-User.Email",
    "X-User-Email ",
    "X-User-Email\t",
    "\tX-User-Email",
    "HTTP_X_USER_EMAIL",
]
JSON = ("Content-Type", "application/json")
# What is the same for everybody: the description of the management API.
OPEN = ["/api/v1/openapi.json"]
NOBODY = '{"email": "", "password": ""}'


def ask(world, host, path, method="GET", headers=(), body=None):
    port, name = world.deployment.ports["websecure"], f"{host}.{DOMAIN}"
    return send(port, path, name, method, headers, body, 30, world.deployment.tls)


def ask_all(world, host, questions):
    """The answers to (method, path, headers), several at a time."""

    def one(question):
        method, path, headers = question
        body = "{}" if method in ("POST", "PUT", "PATCH") else None
        return ask(world, host, path, method, headers, body)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(zip(questions, pool.map(one, questions)))


def seen_by_chats(world, mark):
    return [name for name in CHATS if mark in world.processes.log(name).read_text()]


def marked(path, mark):
    return f"{path}{'&' if '?' in path else '?'}{mark}"


def false_proofs(world):
    """What a stranger may have: nothing, made-up names, and what opens another door."""
    bob = world.people["bob"]
    yield "nothing", []
    yield "names", [(name, ADA) for name in SPELLINGS[:7]] + [("X-User-Admin", "true")]
    yield "a token of the chat", [("Authorization", f"Bearer {bob.token}")]
    yield "a cookie of the chat", [("Cookie", f"token={bob.token}; {names.SESSION_COOKIE}=made-up")]
    yield "the service key", [("Authorization", f"Bearer {world.deployment.key}")]


def test_no_route_of_the_chat_is_reached_without_proof(world):
    mark = f"stranger={secrets.token_hex(8)}"
    proofs = [headers for _, headers in false_proofs(world)]
    asked = [
        (method, marked(path, mark), kind + headers)
        for number, (method, path) in enumerate(chat_routes())
        # Each as a page and as a program, and with one of the proofs in turn.
        for kind in (names.BROWSER_HEADERS, names.PROGRAM_HEADERS)
        for headers in ([], proofs[number % len(proofs)])
    ]
    assert len(asked) > 2000, len(asked)
    let_in = [
        (question, answer.status)
        for question, answer in ask_all(world, "app", asked)
        if answer.status not in (400, 401)
        and not (answer.status == 302 and "/oauth2/start?" in (answer.header("location") or ""))
    ]
    assert not let_in, let_in
    # The chats never heard of any of it, as they do of Bob.
    assert not seen_by_chats(world, mark)
    bob = world.people["bob"]
    bob.ask("GET", f"/api/v1/auths/?{mark}")
    world.wait(lambda: seen_by_chats(world, mark), "Bob's request in a log")


@table([(each,) for each in SPELLINGS])
def test_nobody_signs_in_as_somebody_else_by_a_header(world, spelling):
    """Neither a stranger, nor somebody who is signed in as themselves."""
    path = "/api/v1/auths/signin"
    answer = ask(world, "app", path, "POST", [JSON, (spelling, ADA)], NOBODY)
    assert answer.status in (400, 401), answer
    bob = world.people["bob"]
    cookies = ("Cookie", "; ".join(bob.visitor.jar.sent(f"app.{DOMAIN}", "/")))
    for headers in ([(spelling, ADA)], [(spelling, ADA), ("X-User-Email", ADA)], [(spelling, "")]):
        answer = ask(world, "app", path, "POST", [JSON, cookies, *headers], NOBODY)
        assert answer.status in (200, 400), answer
        if answer.status == 200:
            assert answer.json()["email"] == bob.email, answer
            assert answer.json()["role"] == "user", answer


def upgrade(world, headers, to="websocket"):
    key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    hop = [("Connection", "Upgrade"), ("Upgrade", to), ("Sec-WebSocket-Version", "13"), key]
    path = "/ws/socket.io/?EIO=4&transport=websocket"
    return ask(world, "app", path, headers=[*hop, ("Origin", world.deployment.url("app")), *headers])


def test_no_socket_opens_without_proof(world):
    for name, headers in false_proofs(world):
        assert upgrade(world, headers).status == 401, name
    cookies = world.people["bob"].visitor.jar.sent(f"app.{DOMAIN}", "/")
    own = [("Cookie", "; ".join(cookies))]
    assert upgrade(world, own).status == 101
    # And nothing else than a socket takes the connection over.
    assert upgrade(world, own, "h2c").status != 101


# The gate's own hosts.


def test_clients_get_nothing_without_proof(world):
    """At mcp. there is the way to prove who one is, and nothing else."""
    open_paths = ["/.well-known/oauth-protected-resource/mcp"]
    closed = ["/mcp", "/mcp/google", "/mcp/google/clock", "/openapi.json", "/t/google/openapi.json"]
    closed += ["/tools/google_clock_now"]
    asked = [(method, path, [JSON]) for path in closed for method in ("GET", "POST", "DELETE")]
    asked += [(method, path, []) for method, path in chat_routes()]
    for question, answer in ask_all(world, "mcp", asked):
        assert answer.status in (400, 401, 404, 405), (question, answer)
    for path in open_paths:
        assert ask(world, "mcp", path).status in (200, 404)


def test_the_key_of_the_chat_names_nobody_from_outside(world):
    """Whoever stole it, and even the secret, cannot act as somebody: Traefik takes the names off."""
    now = int(time.time())
    claims = {"sub": world.people["alice"].id, "email": "alice@google.example", "iss": "open-webui"}
    secret = world.deployment.secret("open_webui_user_secret")
    signed = jwt.encode({**claims, "iat": now, "exp": now + 60}, secret, "HS256")
    message = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
    accept = ("Accept", "application/json, text/event-stream")
    proof = ("Authorization", f"Bearer {world.deployment.key}")
    headers = [JSON, accept, proof, ("X-OpenWebUI-User-Jwt", signed)]
    answer = ask(world, "mcp", "/mcp", "POST", headers, message)
    assert answer.status == 200 and answer.json()["result"]["tools"] == [], answer


def portal_paths(ada):
    """All pages that the portal's pages lead to."""
    home = ada.deployment.url("admin")
    found, new = set(), {"/"}
    for _ in range(2):
        pages = [ada.visitor.follow(ada.visitor.get(f"{home}{path}")) for path in new]
        links = {html.unescape(it) for page in pages for it in re.findall(r'href="(/[^"#]*)', page.text)}
        found |= new
        new = {it for it in links if not it.startswith(("/static/", "/oauth2/"))} - found
    return sorted(found | new)


def test_no_page_of_the_portal_opens_without_proof(world):
    paths = portal_paths(world.people["ada"])
    assert len(paths) > 20, paths
    api = [f"/api/v1/{it}" for it in ("users", "groups", "keys", "audit", "grants", "sessions")]
    asked = [
        ("GET", path, [*names.BROWSER_HEADERS, *headers])
        for _, headers in false_proofs(world)
        for path in [*paths, *api]
    ]
    for (_, path, _), answer in ask_all(world, "admin", asked):
        location = urllib.parse.urlsplit(answer.header("location") or "")
        away = answer.status == 303 and location.path == "/oauth2/start"
        assert away or path in OPEN or answer.status in (401, 403, 404), answer
    # The checks are for Traefik alone.
    for path in ("/auth/traefik", "/auth/nginx", "/oauth2/auth"):
        assert ask(world, "admin", path).status == 404, path


def test_whoever_is_no_administrator_has_no_portal(world):
    bob = Person(world.deployment, "bob")
    for path in portal_paths(world.people["ada"]):
        answer = bob.visitor.get(world.deployment.url("admin", path))
        assert "alice@google.example" not in answer.text, (path, answer)


def test_other_hosts_and_plain_http(world):
    assert ask(world, "elsewhere", "/").status == 404
    for host in ("app", "mcp", "admin", "elsewhere"):
        answer = send(world.deployment.ports["web"], "/x?y", f"{host}.{DOMAIN}")
        assert answer.status in (301, 308), answer
        assert answer.header("location").startswith(f"https://{host}.{DOMAIN}"), answer
