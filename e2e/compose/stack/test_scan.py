"""What a stranger finds who tries everything: every port, every container, every route."""

import concurrent.futures
import socket
import ssl

from doors.names import BROWSER_HEADERS, PROGRAM_HEADERS
from doors.processes import until
from doors.runner import table

from . import engine, inside
from .deployment import DOMAIN

PUBLISHED = [80, 443]


def test_only_two_ports_are_open(world):
    assert world.deployment
    every = [[engine.address(), port] for port in range(1, 65536)]
    reached, _ = inside.probe(None, every)
    assert [port for _, port in reached] == PUBLISHED, reached
    datagrams = engine.at_the_server("ss", "--udp", "--listening", "--numeric", "--no-header")
    assert not datagrams, datagrams


def test_containers_are_not_reached_past_the_ports(world):
    """A neighbour in the server's network sends packets to the addresses of containers. Traefik's own
    doors are open there, too, and no others."""
    traefik = inside.addresses(world.deployment.container("traefik"))
    places = [
        [address, port]
        for service in world.deployment.long_running()
        for address in inside.addresses(world.deployment.container(service))
        for port in inside.listening(world.deployment.process(service))
    ]
    for address in {it for it, _ in places}:
        engine.run(["ip", "route", "add", f"{address}/32", "via", engine.address()])
    try:
        reached, _ = inside.probe(None, places)
    finally:
        for address in {it for it, _ in places}:
            engine.run(["ip", "route", "delete", f"{address}/32", "via", engine.address()])
    assert {(it, port) for it, port in reached} <= {
        (it, port) for it in traefik for port in PUBLISHED
    }


@table([("elsewhere.example",), (DOMAIN,), (f"x.{DOMAIN}",), (None,)])
def test_other_names_get_no_certificate(world, name):
    assert world.deployment
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((engine.address(), 443), 10) as connection:
        try:
            context.wrap_socket(connection, server_hostname=name)
        except ssl.SSLError as error:
            assert "UNRECOGNIZED_NAME" in str(error).upper().replace(" ", "_"), error
        else:
            raise AssertionError("there was a certificate")


@table(
    [
        ("elsewhere.example",),
        (f"x.{DOMAIN}",),
        (f"auth.{DOMAIN}",),
        ("gatehall:8080",),
        ("127.0.0.1",),
    ]
)
def test_other_hosts_have_nothing(world, host):
    """The name of the connection is one that there is, and that of the request another."""
    headers = [("Host", host), *BROWSER_HEADERS]
    for path in ("/", "/mcp", "/oauth2/start", "/auth/traefik"):
        answer = world.deployment.stranger().request(
            "GET", world.deployment.url("app", path), headers
        )
        # Traefik has no route for it, or refuses a name that is not that of the connection.
        assert answer.status in (404, 421), answer


def test_old_tls_is_not_spoken(world):
    assert world.deployment
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection((engine.address(), 443), 10) as connection:
            try:
                context.wrap_socket(connection, server_hostname=f"app.{DOMAIN}")
            except (ssl.SSLError, ConnectionError):
                continue
        raise AssertionError(version)


# Paths of the programs, and ways of writing them that some program may take for another.
PATHS = [
    "/", "/index.html", "/api", "/api/config", "/api/version", "/api/models", "/api/v1/users/",
    "/api/v1/auths/signin", "/api/v1/auths/signup", "/api/v1/auths/admin/details", "/api/v1/configs/export",
    "/api/v1/utils/db/download", "/api/v1/files/", "/api/chat/completions", "/openai/models", "/ollama/api/tags",
    "/health", "/health/db", "/health/well", "/ready", "/live", "/metrics", "/docs", "/redoc", "/openapi.json",
    "/static/favicon.png", "/static/../api/config", "/static/%2e%2e/api/config", "//api/config",
    "/%2fapi/config", "/api%2fconfig", "/api;x/config", "/API/CONFIG", "/assets/", "/cache/", "/ws/socket.io/",
    "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.git/config", "/.env",
    "/mcp", "/mcp/company", "/mcp/company/clock", "/tools/", "/t/company/openapi.json", "/users", "/groups",
    "/tenants", "/servers", "/connections", "/grants", "/keys", "/audit", "/settings", "/import", "/export",
    "/api/users", "/admin", "/portal", "/me", "/oauth2/userinfo", "/oauth2/auth", "/auth/traefik", "/auth/envoy/x",
    "/auth/forwarded-user", "/scim/v2/Users", "/demo", "/debug", "/dashboard/", "/api/rawdata", "/ping",
]  # fmt: skip
# What anybody may have: how to sign in, what those pages are drawn with, and what clients look up.
OPEN = {
    "admin": ("/oauth2/sign_in", "/oauth2/start", "/assets/", "/favicon"),
    "mcp": ("/.well-known/oauth-protected-resource",),
    "app": (),
}


@table([(host, how) for host in OPEN for how in ("browser", "program")])
def test_no_route_answers_without_proof(world, host, how):
    headers = BROWSER_HEADERS if how == "browser" else PROGRAM_HEADERS
    deployment = world.deployment

    def ask(asked):
        method, path = asked
        answer = deployment.stranger().request(method, deployment.url(host, path), headers)
        if path.startswith(OPEN[host]) and OPEN[host]:
            return None
        if answer.status in (400, 401, 403, 404, 405, 421):
            return None
        sign_in = deployment.url("admin", "/oauth2/")
        if answer.status in (302, 303):
            there = answer.header("location")
            if there.startswith(("/oauth2/", sign_in)):
                return None
            # Another way to write the same path.
            if host == "app" and there.startswith("/") and answer.status == 302:
                return None
        return f"{method} {path}: {answer.status} {answer.header('location')} {answer.text[:200]}"

    every = [(method, path) for path in PATHS for method in ("GET", "POST", "OPTIONS")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answered = [it for it in pool.map(ask, every) if it]
    assert not answered, "\n".join(answered)


def test_who_asks_too_often_has_to_wait(world):
    deployment = world.deployment
    stranger = deployment.stranger()
    asked = int(deployment.value("RATE_LIMIT_BURST"))
    request = f"GET /assets/none HTTP/1.1\r\nHost: admin.{DOMAIN}\r\n\r\n".encode()
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    def ask(_):
        """Asks much at once, and gives what was answered."""
        with socket.create_connection((engine.address(), 443), 30) as connection:
            connection = stranger.context.wrap_socket(connection, server_hostname=f"admin.{DOMAIN}")
            connection.sendall(request * (asked - 1) + last)
            with connection.makefile("rb") as stream:
                return stream.read()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        told = b"".join(pool.map(ask, range(4)))
    assert b"HTTP/1.1 404" in told and b"HTTP/1.1 429" in told, told[:2000]
    until(
        "asking again", lambda: stranger.get(deployment.url("admin", "/assets/none")).status == 404
    )
