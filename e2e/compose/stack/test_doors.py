"""Every route, redirect and header, and people who come in by them."""

import json

from doors.names import BROWSER_HEADERS, PROGRAM_HEADERS
from doors.processes import until
from doors.runner import table

from .deployment import ADMIN, DOMAIN

TOOL = "server:mcp:gatehall"
HOSTS = ["app", "mcp", "admin"]
FORGED = [
    ("X-User-Email", ADMIN),
    ("X-User-Name", "Ada"),
    ("X-User-Groups", "MCP-Admin"),
    ("X-User-Admin", "true"),
    ("X_User_Email", ADMIN),
    ("X.User.Email", ADMIN),
    ("X-Forwarded-User", ADMIN),
    ("X-Forwarded-Email", ADMIN),
    ("X-OpenWebUI-User-Email", ADMIN),
    ("X-Gatehall-Assertion", "e30.e30.e30"),
    ("Remote-User", ADMIN),
    ("Forwarded", f"for=127.0.0.1;host=admin.{DOMAIN};proto=https"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-Host", f"mcp.{DOMAIN}"),
    ("X-Forwarded-Uri", "/static/favicon.png"),
    ("X-Real-Ip", "127.0.0.1"),
]


@table([(host,) for host in HOSTS])
def test_plain_http_leads_to_tls(world, host):
    stranger = world.deployment.stranger()
    for path in ("/", "/deep/page?x=1", "/.well-known/acme-challenge/none", "/auth/traefik"):
        for headers in (BROWSER_HEADERS, FORGED):
            answer = stranger.request("GET", f"http://{host}.{DOMAIN}{path}", headers)
            assert answer.status in (301, 308), answer
            assert answer.header("location") == f"https://{host}.{DOMAIN}{path}", answer


@table([("app", "/"), ("mcp", "/mcp"), ("admin", "/")])
def test_answers_have_the_headers_that_protect(world, host, path):
    answer = world.deployment.stranger().get(world.deployment.url(host, path))
    assert answer.all("strict-transport-security") == ["max-age=31536000"], answer
    assert answer.all("x-content-type-options") == ["nosniff"], answer
    assert not answer.all("server"), answer
    assert not answer.all("x-powered-by"), answer


@table([("forged",), ("event stream",), ("bearer",), ("post",), ("websocket",)])
def test_nobody_gets_to_the_chat_without_signing_in(world, how):
    stranger = world.deployment.stranger()
    headers = {
        "forged": [*BROWSER_HEADERS, *FORGED],
        "event stream": [*FORGED, ("Accept", "text/event-stream")],
        "bearer": [*FORGED, ("Authorization", "Bearer e30.e30.e30")],
        "post": FORGED,
        "websocket": [
            *FORGED,
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ],
    }[how]
    method = "POST" if how == "post" else "GET"
    for path in (
        "/",
        "/api/config",
        "/api/v1/auths/signin",
        "/ws/socket.io/?EIO=4&transport=websocket",
    ):
        answer = stranger.request(method, world.deployment.url("app", path), headers)
        assert answer.status in (302, 303, 401, 403), answer
        assert "Open WebUI" not in answer.text, answer
        if answer.status in (302, 303):
            there = answer.header("location")
            assert there.startswith(world.deployment.url("admin", "/oauth2/")), answer


def test_people_sign_in_once_and_are_known_to_the_chat(world):
    ada, alice = world.person("ada"), world.person("alice")
    assert (ada.email, ada.role) == (ADMIN, "admin"), (ada.email, ada.role)
    assert (alice.email, alice.role) == (f"alice@{DOMAIN}", "user"), (alice.email, alice.role)
    page = alice.visitor.get(world.deployment.url("app"))
    assert page.status == 200 and "Open WebUI" in page.text, page
    # The gate knows her by the same sign-in.
    mine = alice.visitor.follow(alice.visitor.get(world.deployment.url("admin")))
    assert mine.status == 200 and alice.email in mine.text, mine


def test_somebody_who_is_signed_in_is_nobody_else(world):
    """Open WebUI believes one header, and only Traefik may write it."""
    alice = world.person("alice")
    for forged in ([], *([each] for each in FORGED), FORGED):
        headers = [("Content-Type", "application/json"), *forged]
        url = world.deployment.url("app", "/api/v1/auths/signin")
        answer = alice.visitor.request("POST", url, headers, '{"email": "", "password": ""}')
        # What could mean another request is refused as a whole.
        assert answer.status in (200, 400, 401, 403), answer
        assert answer.status != 200 or answer.json()["email"] == alice.email, (forged, answer)


def test_somebody_of_another_domain_stays_out(world):
    stranger = world.deployment.stranger()
    answer = stranger.login(world.deployment.url("app"), "mallory")
    assert answer.status == 403, answer
    assert stranger.get(world.deployment.url("app")).status in (302, 403)


def test_signing_out_ends_both(world):
    nora = world.deployment.person("nora")
    assert nora.visitor.get(world.deployment.url("app")).status == 200
    page = nora.visitor.get(world.deployment.url("admin", "/oauth2/sign_out"))
    nora.visitor.follow(page)
    if page.status == 200:
        nora.visitor.post(page.url, {})
    assert nora.visitor.get(world.deployment.url("app")).status == 302, page
    status, _ = nora.send("GET", "/api/v1/auths/", {"Authorization": f"Bearer {nora.token}"}, None)
    assert status == 401, status


def test_clients_are_asked_for_a_proof(world):
    stranger = world.deployment.stranger()
    mcp = world.deployment.url("mcp", "/mcp")
    answer = stranger.request("POST", mcp, PROGRAM_HEADERS, initialize())
    assert answer.status == 401 and answer.header("www-authenticate").startswith("Bearer"), answer


def test_a_client_with_a_key_gets_its_tools(world):
    key = world.deployment.gatehall("key", "add", "--user", ADMIN, "--name", "client").strip()
    headers = [
        ("Authorization", f"Bearer {key}"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
    ]
    stranger = world.deployment.stranger()
    answer = stranger.request("POST", world.deployment.url("mcp", "/mcp"), headers, initialize())
    assert answer.status == 200, answer
    # It opens no other door: the chat is for people.
    answer = stranger.request("GET", world.deployment.url("app"), headers)
    assert answer.status in (302, 401, 403), answer


@table(
    [
        ("mcp", "/"),
        ("mcp", "/users"),
        ("mcp", "/oauth2/start"),
        ("mcp", "/oauth2/sign_in"),
        ("mcp", "/auth/traefik"),
        ("mcp", "/ready"),
        ("mcp", "/health/well"),
        ("mcp", "/metrics"),
        ("admin", "/auth/traefik"),
        ("admin", "/auth/nginx"),
        ("admin", "/auth/forwarded-user"),
        ("admin", "/oauth2/auth"),
        ("admin", "/metrics"),
        ("auth", "/"),
    ]
)
def test_a_host_has_nothing_of_another(world, host, path):
    answer = world.deployment.stranger().get(world.deployment.url(host, path))
    assert answer.status == 404, answer


def test_a_tool_is_called_in_a_chat(world):
    """From the person by way of the chat, the model and the gate to the tool, and back."""
    world.add_the_tool()
    alice = world.person("alice")
    until("the gate heard of the tool", lambda: alice.given(TOOL)[0])
    answer = alice.chat("call gatehall_company_clock_headers {}", TOOL)
    assert answer.states == ["completed"], answer
    said = answer.text.partition("called with ")[2].split(", ")
    # The tool learns nothing of who asks, and gets none of their proofs.
    strange = [it for it in said if it.startswith(("x-", "cookie", "authorization", "forwarded"))]
    assert said and not strange, answer
    audit = lambda: world.deployment.gatehall("audit", "action:call", "--json")
    until("the call is in the audit", lambda: alice.email in audit())


def initialize():
    parameters = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters}
    return json.dumps(message)
