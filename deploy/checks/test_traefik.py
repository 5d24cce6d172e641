"""Traefik, started with the very files: what it made of them, where requests go, what is stripped."""

import json
import socket
import ssl
import threading
import time

from doors.client import read_answer, send
from doors.processes import free_port
from doors.runner import table
from doors.test_attacks_names import FAMILIES, FORMS
from doors.upgrades import UPGRADES, WEBSOCKET

from . import composed
from .world import ADMIN, BROWSER, DOMAIN, SCRIPT, SECRET, head

HOSTS = ("app", "mcp", "admin")


def signed_in(world):
    return ("Cookie", world.session())


def test_all_of_the_configuration_works(world):
    for name, profiles in (("traefik", ""), ("with-authentik", "authentik")):
        traefik = world.traefik if not profiles else world.another_traefik(name, profiles)
        raw = traefik.raw()
        for kind in ("routers", "middlewares", "services"):
            for what, it in raw[kind].items():
                assert it.get("status", "enabled") == "enabled", f"{what}: {it}"
                assert not it.get("error"), f"{what}: {it}"
        routers = {each.split("@")[0] for each in raw["routers"] if each.endswith("@file")}
        wanted = {"app", "app-websockets", "mcp", "admin", "admin-link", "health"}
        wanted |= {"auth", "auth-websockets"} if profiles else set()
        assert routers == wanted, routers
        for line in traefik.log().splitlines():
            level = json.loads(line).get("level") if line.startswith("{") else None
            # The authority for certificates is nowhere here.
            assert level not in ("error", "fatal") or "acme" in line.lower(), line
            assert level != "warn" or "acme" in line.lower(), line


def test_it_is_called_well_only_with_its_routes(world):
    is_well, said = world.traefik.is_well()
    assert is_well, said
    # A file that it cannot read takes all of them away.
    traefik = world.another_traefik("many", has_routes=False, RATE_LIMIT_AVERAGE="many")
    assert "ParseInt" in traefik.log(), traefik.log()
    is_well, said = traefik.is_well()
    assert not is_well and "404" in said, said


@table([(host, path) for host in HOSTS for path in ("/", "/a/b?c=d")])
def test_plain_http_leads_to_https_alone(world, host, path):
    host = f"{host}.{DOMAIN}"
    answer = send(world.traefik.plain, path, headers=[("Host", host)])
    assert answer.status in (301, 308), answer
    assert answer.header("location") == f"https://{host}{path}"
    assert not world.recorded()


@table([("other",), ("auth",), ("wp",)])
def test_another_host_is_nobody(world, host):
    assert world.traefik.ask(host).status == 404
    for name in (None, "localhost", "strange.example"):
        try:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            plain = socket.create_connection(("127.0.0.1", world.traefik.secure), 10)
            context.wrap_socket(plain, server_hostname=name).close()
            raise AssertionError(f"{name} was given a certificate")
        except (ssl.SSLError, ConnectionError):
            pass


def test_old_tls_is_refused(world):
    context = ssl.create_default_context(cafile=world.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    plain = socket.create_connection(("127.0.0.1", world.traefik.secure), 10)
    try:
        context.wrap_socket(plain, server_hostname=f"app.{DOMAIN}").close()
        raise AssertionError("TLS 1.1 was spoken")
    except (ssl.SSLError, ConnectionError):
        pass


# The chat.


def test_a_browser_is_sent_to_sign_in_and_a_program_is_told(world):
    answer = world.traefik.ask("app", "/c/1?x=y", headers=BROWSER)
    assert answer.status == 302, answer
    start = f"https://admin.{DOMAIN}/oauth2/start?rd=https%3A%2F%2Fapp.{DOMAIN}%2Fc%2F1%3Fx%3Dy"
    assert answer.header("location") == start, answer
    for path in ("/api/config", "/api/v1/auths/", "/openapi.json", "/static/x.png", "/health"):
        answer = world.traefik.ask("app", path, headers=SCRIPT)
        assert answer.status == 401 and not answer.header("location"), answer
    handshake = [("Upgrade", "websocket"), ("Connection", "Upgrade"), *WEBSOCKET]
    target = "/ws/socket.io/?EIO=4&transport=websocket"
    answer = world.traefik.ask("app", target, headers=handshake)
    assert answer.status == 401, answer
    assert not world.recorded(), "somebody unknown got through"


def test_whoever_is_signed_in_comes_to_the_chat_by_name(world):
    own = [signed_in(world), ("Authorization", "Bearer a.b.c"), *SCRIPT]
    answer = world.traefik.ask("app", "/api/v1/chats/", "POST", own, b'{"a": 1}')
    assert answer.status == 200, answer
    seen = answer.json()
    headers = [(name.lower(), value) for name, value in seen["headers"]]
    assert [value for name, value in headers if name == "x-user-email"] == [ADMIN]
    assert [value for name, value in headers if name == "x-user-admin"] == ["true"]
    # Open WebUI's own proof is its own.
    assert ("authorization", "Bearer a.b.c") in headers
    assert ("x-forwarded-proto", "https") in headers
    assert ("host", f"app.{DOMAIN}") in headers
    assert seen["body"] == '{"a": 1}'


def test_nobody_says_where_they_come_from_or_go_to(world):
    sent = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Host", f"admin.{DOMAIN}")]
    sent += [("X-Forwarded-Proto", "http"), ("X-Forwarded-Uri", "/public"), ("X-Real-Ip", "203.0.113.7")]
    answer = world.traefik.ask("app", "/", headers=[signed_in(world), *SCRIPT, *sent])
    seen = {name.lower(): value for name, value in answer.json()["headers"]}
    assert seen["x-forwarded-for"] == "127.0.0.1" and "203.0.113.7" not in str(seen), seen
    assert seen["x-forwarded-host"] == f"app.{DOMAIN}" and seen["x-forwarded-proto"] == "https"
    # Nor does the check believe it: it still asks for a proof.
    assert world.traefik.ask("app", "/", headers=[*SCRIPT, *sent]).status == 401


def test_a_websocket_of_somebody_signed_in_passes(world):
    world.recorded()
    handshake = [("Upgrade", "websocket"), ("Connection", "Upgrade"), *WEBSOCKET]
    world.traefik.ask("app", "/ws/socket.io/", headers=[signed_in(world), *handshake])
    (request,) = world.recorded()
    seen = {name.lower(): value for name, value in request["headers"]}
    assert seen["upgrade"].lower() == "websocket" and seen["x-user-email"] == ADMIN, seen


@table([(name,) for name in UPGRADES])
def test_no_other_upgrade_passes(world, name):
    world.recorded()
    world.traefik.ask("app", headers=[signed_in(world), *UPGRADES[name]])
    for request in world.recorded():
        upgrades = [value.lower() for it, value in request["headers"] if it.lower() == "upgrade"]
        assert upgrades in ([], ["websocket"]), request["headers"]


@table([(family,) for family in FAMILIES])
def test_no_name_from_outside_reaches_the_chat(world, family):
    names = FAMILIES[family].split()
    if family == "any":
        names += "X-User-Email X-User-Groups X-User-Admin X-User-Name X-Gatehall-Assertion".split()
    for form in FORMS.values():
        for who in ([signed_in(world)], []):
            sent = [(form(name), "forged") for name in names]
            answer = world.traefik.ask("app", "/", headers=[*who, *sent])
            if answer.status == 200:
                passed = [it for it in answer.json()["headers"] if "forged" in it[1]]
                assert who and not passed, passed
    for request in world.recorded():
        assert "forged" not in request["raw"], request["raw"]


@table([("%2e%2e",), ("%2f",), ("%5c",), ("%00",), ("..",)])
def test_no_odd_path_comes_past_the_check(world, odd):
    for path in (f"/static/{odd}/x", f"/{odd}"):
        answer = world.traefik.ask("app", path, headers=SCRIPT)
        assert answer.status in (400, 401, 404), answer
    assert not world.recorded()


def test_a_large_upload_passes(world):
    body = b"x" * (48 << 20)
    answer = world.traefik.ask("app", "/api/v1/files/", "POST", [signed_in(world)], body)
    assert answer.status == 200 and len(answer.json()["body"]) == len(body)


class Dripping(threading.Thread):
    """In place of the chat: sends the second part of an answer when the first one has arrived."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port, self.go_on = free_port(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as stream:
                while stream.readline().strip():
                    pass
                start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                start += b"Content-Type: application/json\r\n\r\n"
                connection.sendall(start + b"5\r\nfirst\r\n")
                self.go_on.wait(30)
                connection.sendall(b"6\r\nsecond\r\n0\r\n\r\n")


def test_an_answer_is_passed_on_as_it_comes(world):
    session, dripping = world.session(), Dripping()
    before = world._made["echo-open-webui"]
    world._made["echo-open-webui"] = dripping.port
    try:
        traefik = world.another_traefik("dripping")
    finally:
        world._made["echo-open-webui"] = before
    host = f"app.{DOMAIN}"
    with traefik.connect(host) as connection:
        connection.sendall(head(host, "/", headers=[("Cookie", session)]))
        seen = b""
        while b"first" not in seen:
            more = connection.recv(65536)
            assert more, seen
            seen += more
        assert b"second" not in seen
        dripping.go_on.set()
        while b"second" not in seen:
            more = connection.recv(65536)
            assert more, seen
            seen += more


def test_long_turns_and_slow_uploads_have_time(world):
    command = " ".join(composed.read(world.folder)["services"]["traefik"]["command"])
    # It counts from the first byte of a request to the last of its answer, over HTTP/1.1.
    assert "websecure.transport.respondingTimeouts.readTimeout=1800s" in command
    assert "writeTimeout" not in command and "buffering" not in command
    assert "aliasHeadersStrategy=keep" not in command
    for name in ("web", "websecure", "ping"):
        assert f"--entryPoints.{name}.http.aliasHeadersStrategy=delete" in command


# The gate.


@table(
    [
        (host, path)
        for host in ("admin", "mcp")
        for path in (
            "/auth/traefik /auth/nginx /auth/caddy /auth/envoy /auth/envoy/x /auth/forwarded-user"
            " /auth /auth/ /oauth2/auth /oauth2/auth/"
        ).split()
    ]
)
def test_the_checks_of_the_gate_are_not_for_the_world(world, host, path):
    sent = [("X-Forwarded-Host", f"app.{DOMAIN}"), ("X-Forwarded-Uri", "/"), signed_in(world)]
    sent += [("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https")]
    answer = world.traefik.ask(host, path, headers=sent)
    assert answer.status == 404 and not answer.header("x-user-email"), answer


@table(
    [
        (path,)
        for path in (
            "/ /users /me /login /oauth2/start /oauth2/callback /oauth2/sign_in /api/v1"
            " /api/v1/users /sign-in/link/x /health /ready /health/well /metrics /mcpx /tools /t"
            " /.well-known/jwks.json /.well-known/openid-configuration"
        ).split()
    ]
)
def test_clients_have_their_paths_alone(world, path):
    answer = world.traefik.ask("mcp", path, headers=[signed_in(world), *BROWSER])
    assert answer.status == 404, answer
    assert answer.text.strip() == "404 page not found", f"the gate was asked: {answer}"


@table([(path,) for path in ("/mcp", "/mcp/google", "/mcp/google/documents", "/tools/x")])
def test_a_client_without_a_proof_is_refused_by_the_gate(world, path):
    answer = world.traefik.ask("mcp", path, "POST", [("Content-Type", "application/json")], b"{}")
    assert answer.status == 401, answer
    assert answer.header("www-authenticate").startswith("Bearer"), answer


def call(world, key, *headers):
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    client = {"name": "checks", "version": "1"}
    message["params"] = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": client,
    }
    sent = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json")]
    sent += [("Accept", "application/json, text/event-stream"), *headers]
    return world.traefik.ask("mcp", "/mcp", "POST", sent, json.dumps(message).encode())


def test_a_client_with_a_key_comes_in(world):
    world.traefik
    key = world.gatehall("key", "add", "--user", ADMIN).split()
    key = next(word for word in key if word.startswith("ghk_"))
    answer = call(world, key)
    for _ in range(100):
        # A gate that runs hears of a new key in a moment.
        if answer.status != 401:
            break
        time.sleep(0.05)
        answer = call(world, key)
    assert answer.status == 200 and "gatehall" in answer.text.lower(), answer
    # Nothing of a chat comes from outside: beside a personal key it would be refused.
    answer = call(world, key, ("X-OpenWebUI-User-Jwt", "forged"))
    assert answer.status == 200, answer


def test_the_portal_is_there(world):
    answer = world.traefik.ask("admin", "/users", headers=[signed_in(world), *BROWSER])
    assert answer.status == 200 and ADMIN in answer.text, answer
    answer = world.traefik.ask("admin", "/users", headers=BROWSER)
    assert answer.status in (302, 303), answer


def test_signing_out_of_the_chat_leads_to_the_gate(world):
    chat = composed.read(world.folder)["services"]["open-webui"]["environment"]
    place = chat["WEBUI_AUTH_SIGNOUT_REDIRECT_URL"].removeprefix(f"https://admin.{DOMAIN}")
    came = [*BROWSER[:3], ("Sec-Fetch-Site", "same-site")]
    answer = world.traefik.ask("admin", place, headers=[signed_in(world), *came])
    assert answer.status == 200 and "Sign out" in answer.text, answer


def test_clients_are_told_of_their_own_address(world):
    path = "/.well-known/oauth-protected-resource/mcp"
    answer = world.traefik.ask("mcp", path)
    # No access token is taken yet, says the gate.
    assert answer.status == 404 and "page not found" not in answer.text, answer
    gate = composed.read(world.folder)["services"]["gatehall"]["environment"]
    assert gate["GATEHALL_CLIENT_URL"] == f"https://mcp.{DOMAIN}"


@table([(path,) for path in ("/health", "/health/well", "/health/", "/ready", "/ready/")])
def test_how_the_gate_is_is_not_for_the_world(world, path):
    answer = world.traefik.ask("admin", path, headers=BROWSER)
    assert answer.status == 404 and answer.text.strip() == "404 page not found", answer


# Authentik.


def test_authentik_has_no_page_for_its_first_visitor(world):
    traefik = world.another_traefik("with-authentik", "authentik")
    world.recorded("authentik")
    for path in (
        "/if/flow/initial-setup/",
        "/if/flow/Initial-Setup",
        "/api/v3/flows/executor/initial-setup/?query=",
        "/api/v3/flows/instances/initial%2dsetup/",
    ):
        answer = traefik.ask("auth", path, headers=BROWSER)
        assert answer.status in (400, 404) and not answer.header("x-backend"), answer
    assert not world.recorded("authentik")
    assert traefik.ask("auth", "/application/o/gatehall/").header("x-backend") == "yes"


# What every answer has, and what logs have not.


@table([(host,) for host in HOSTS])
def test_answers_have_the_headers_of_a_secure_site(world, host):
    path = "/mcp" if host == "mcp" else "/"
    answer = world.traefik.ask(host, path, headers=[signed_in(world), *BROWSER])
    assert answer.header("strict-transport-security") == "max-age=31536000", answer
    assert answer.header("x-content-type-options") == "nosniff", answer
    assert not answer.header("server") and not answer.header("x-powered-by"), answer
    if host == "app":
        assert answer.header("x-frame-options") == "SAMEORIGIN", answer
        assert answer.header("referrer-policy") == "strict-origin-when-cross-origin", answer
        assert not answer.header("content-security-policy"), answer


def test_logs_have_no_proof(world):
    sent = [("Cookie", f"x={SECRET}"), ("Authorization", f"Bearer {SECRET}"), ("X-Own", SECRET)]
    for host, path in (("app", "/"), ("admin", "/oauth2/callback"), ("mcp", "/mcp")):
        world.traefik.ask(host, f"{path}?code={SECRET}&state={SECRET}", headers=sent)
    for path in (f"/sign-in/link/{SECRET}", f"/sign-in/link/{SECRET}/"):
        world.traefik.ask("admin", path, headers=BROWSER)
    log = world.traefik.log()
    lines = [json.loads(line) for line in log.splitlines() if "RequestPath" in line]
    assert any(line["RequestPath"].startswith("/oauth2/callback") for line in lines)
    assert SECRET not in log
    assert world.session().split("=", 1)[1] not in log


def test_who_asks_too_often_has_to_wait(world):
    few = {"RATE_LIMIT_AVERAGE": "1", "RATE_LIMIT_BURST": "3"}
    traefik = world.another_traefik("few", **few)
    answers = [traefik.ask("mcp", "/mcp").status for _ in range(8)]
    assert answers[0] == 405 and 429 in answers, answers
