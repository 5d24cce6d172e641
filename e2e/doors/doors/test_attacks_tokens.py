"""Attacks with tokens: access tokens on both faces, and ID tokens that end a sign-in."""

import concurrent.futures
import time

from . import names, tokens
from .attacks import MCP_HEADERS, Attacker, add_tools, bearer, own_gate
from .runner import table

# Which rule refuses each fault that every token can have. Several, where it depends on the kind.
RULES = {
    "alg none": "token.alg",
    "alg None in other letters": "token.alg",
    "HS256 with the public key": "token.alg",
    "HS256 with the client's secret": "token.alg",
    "another key under the known kid": "token.signature",
    "unknown kid": "token.kid",
    "unknown kid like a path": "token.kid",
    "no kid, another key": ("token.signature", "token.kid"),
    "own jwk": ("token.signature", "token.form"),
    "jku": "token.signature",
    "x5u": "token.signature",
    "x5c": "token.signature",
    "unknown crit": "token.crit",
    "alg of another key type": ("token.kid", "token.signature"),
    "other issuer": ("token.provider", "token.iss"),
    "issuer with a slash more": ("token.provider", "token.iss"),
    "no issuer": ("token.form", "token.iss"),
    "other audience": "token.aud",
    "no audience": "token.aud",
    "empty audience": "token.aud",
    "no subject": "token.sub",
    "empty subject": "token.sub",
    "subject of 300 letters": "token.sub",
    "subject as a number": ("token.sub", "token.claims"),
    "expired": "token.exp",
    "no expiry": "token.claims",
    "expiry as text": "token.claims",
    "not yet valid": "token.nbf",
    "issued in the future": "token.iat.future",
    "a member twice": "token.form",
    "a member twice at the end": "token.form",
    "payload is an array": "token.form",
    "payload is no JSON": "token.form",
    "payload nested deeply": "token.form",
    "one megabyte": ("token.length", "sign-in.provider-down"),
}
# Entra ID's users are known by tid and oid, whatever sub is.
SUBJECTS = ["no subject", "empty subject", "subject of 300 letters", "subject as a number"]

MCP, CALL, TOOLS, OPENAPI = "MCP list", "MCP call", "OpenAPI call", "OpenAPI list"


def audience(world, name):
    return f"{world.public_url}/mcp" if name == "generic" else None


def access_token(world, name, account="alice", **how):
    provider = world.provider(name)
    return tokens.access_token(provider, account, audience=audience(world, name), **how)


def show(attacker, face, *headers):
    if face == TOOLS:
        return attacker.ask("POST", "/tools/clock_now", [*headers, MCP_HEADERS[0]], "{}")
    if face == OPENAPI:
        return attacker.ask("GET", "/openapi.json", headers)
    if face == CALL:
        return attacker.rpc(headers, "tools/call", name="clock_now", arguments={})
    return attacker.rpc(headers)


def with_tools(world):
    """The shared gate, with something to see."""
    if not world.__dict__.get("has_tools"):
        # An access token alone does not vouch for an address.
        for name in names.PROVIDERS:
            Attacker(world).enter("alice", name)
        add_tools(world)
        world.has_tools = True
        key = access_token(world, "generic")
        for _ in range(100):
            if "clock_now" in show(Attacker(world), MCP, bearer(key)).text:
                return
            time.sleep(0.1)
        raise AssertionError("the good token shows no tools")


def check_token(world, token, rule, status=401, faces=(MCP, CALL, TOOLS, OPENAPI)):
    with_tools(world)
    for face in faces:
        attacker = Attacker(world)
        answer = show(attacker, face, bearer(token))
        assert "clock_now" not in answer.text and "noon" not in answer.text, answer
        if len(token) > 100_000 and answer.status == 431:
            continue
        attacker.check_refused(answer, rule, status)
        if status == 401:
            challenge = answer.header("www-authenticate")
            assert 'error="invalid_token"' in challenge, answer


@table([(name,) for name in names.PROVIDERS])
def test_the_good_token_is_taken(world, name):
    with_tools(world)
    for face in (MCP, TOOLS, OPENAPI):
        answer = show(Attacker(world), face, bearer(access_token(world, name)))
        assert answer.status == 200, answer


def faults(provider, *left_out):
    """The faults that this provider's tokens can have. Only one of them has keys of two types."""
    one_type = [] if provider == "generic" else ["alg of another key type"]
    return [it for it in tokens.FAULTS if it not in one_type and it not in left_out]


def access_token_faults():
    for name in names.PROVIDERS:
        left_out = SUBJECTS if name == "entra" else []
        yield from ((name, fault) for fault in faults(name, *left_out))


@table(list(access_token_faults()))
def test_access_token_with(world, name, fault):
    with_tools(world)
    claims = tokens.decoded(access_token(world, name))[1]
    token = access_token(world, name, **tokens.fault(fault, claims))
    check_token(world, token, RULES[fault], faces=(MCP, OPENAPI))


@table([(name,) for name in tokens.damaged("e30.e30.AAAA")])
def test_access_token_damaged(world, name):
    with_tools(world)
    token = tokens.damaged(access_token(world, "generic"))[name]
    check_token(world, token, ("token.form", "token.signature", "proof.kind"), faces=(MCP,))


def more_access_tokens(world):
    """Tokens of other kinds: name -> (token, rule)."""
    entra, generic, authentik = (world.provider(it) for it in ("entra", "generic", "authentik"))
    graph = {"aud": "00000003-0000-0000-c000-000000000000"}
    own = audience(world, "generic")
    stranger = "66666666-6666-4666-8666-666666666666"
    return {
        "Graph token": (access_token(world, "entra", overrides=graph), "token.aud"),
        "Graph token with a nonce": (
            access_token(world, "entra", overrides=graph, header={"nonce": "x"}, key="foreign"),
            ("token.signature", "token.aud"),
        ),
        "app-only token of Entra": (access_token(world, "entra", None), "token.app"),
        "app-only token, RFC 9068": (access_token(world, "generic", None), "token.app"),
        "app-only token of Authentik": (access_token(world, "authentik", None), "person.address"),
        "app-only token of Entra with scopes": (
            access_token(world, "entra", None, overrides={"scp": "mcp"}),
            "token.app",
        ),
        "ID token": (tokens.id_token(generic), ("token.aud", "token.id_token")),
        "ID token for the resource": (
            tokens.id_token(generic, audience=own),
            ("token.aud", "token.id_token"),
        ),
        "ID token of Authentik": (
            tokens.id_token(authentik, audience="open-webui", overrides={"nonce": "x"}),
            "token.id_token",
        ),
        "ID token of Authentik without a nonce": (
            tokens.id_token(authentik, audience="open-webui"),
            "token.id_token",
        ),
        "logout token": (
            tokens.logout_token(generic, "user-alice", overrides={"aud": own}),
            "token.typ",
        ),
        "logout token as JWT": (
            tokens.logout_token(
                generic, "user-alice", overrides={"aud": own, "scope": "mcp"}, header={"typ": "JWT"}
            ),
            "token.id_token",
        ),
        "audience of another resource": (
            tokens.access_token(generic, "alice", audience="https://other.example/mcp"),
            "token.aud",
        ),
        "audience that begins alike": (
            tokens.access_token(generic, "alice", audience=f"{own}/../evil"),
            "token.aud",
        ),
        "audience with numbers": (
            access_token(world, "generic", overrides={"aud": [own, 7]}),
            "token.claims",
        ),
        "tid of another directory": (
            access_token(world, "entra", "mallory"),
            ("token.provider", "token.tid"),
        ),
        "tid of another directory under our issuer": (
            access_token(world, "entra", overrides={"tid": stranger}),
            ("token.tid", "token.iss"),
        ),
        "no tid": (access_token(world, "entra", overrides={"tid": None}), "token.tid"),
        "tid as a list": (
            access_token(world, "entra", overrides={"tid": [entra.facts["tenant"]]}),
            "token.claims",
        ),
        "no oid": (access_token(world, "entra", overrides={"oid": None}), "token.sub"),
        "oid that is none": (access_token(world, "entra", overrides={"oid": "../x"}), "token.sub"),
        "token of another provider with our issuer": (
            tokens.access_token(authentik, "alice", overrides={"iss": generic.issuer, "aud": own}),
            "token.kid",
        ),
        "scope as a number": (
            access_token(world, "generic", overrides={"scope": 7}),
            "token.claims",
        ),
        "typ of another kind": (
            access_token(world, "generic", header={"typ": "dpop+jwt"}),
            "token.typ",
        ),
        "groups as text": (
            access_token(world, "generic", overrides={"groups": "engineers,gate-admins"}),
            "person.claim",
        ),
        "iat as text": (access_token(world, "generic", overrides={"iat": "now"}), "token.claims"),
        "exp without bounds": (
            access_token(world, "generic", raw_suffix='"nbf":1e400'),
            "token.form",
        ),
    }


MORE = [
    "Graph token", "Graph token with a nonce", "app-only token of Entra", "app-only token, RFC 9068",
    "app-only token of Authentik", "app-only token of Entra with scopes", "ID token",
    "ID token for the resource", "ID token of Authentik", "ID token of Authentik without a nonce",
    "logout token", "logout token as JWT", "audience of another resource",
    "audience that begins alike", "audience with numbers", "tid of another directory",
    "tid of another directory under our issuer", "no tid", "tid as a list", "no oid",
    "oid that is none", "token of another provider with our issuer", "scope as a number",
    "typ of another kind", "groups as text", "iat as text", "exp without bounds",
]  # fmt: skip


@table([(name,) for name in MORE])
def test_access_token_of_another_kind(world, name):
    token, rule = more_access_tokens(world)[name]
    check_token(world, token, rule, 403 if str(rule).startswith("person.") else 401, (MCP, TOOLS))


PLACES = [
    "query string",
    "body",
    "cookie",
    "two headers",
    "two in one header",
    "other scheme",
    "twice",
]


@table([(place,) for place in PLACES])
def test_a_good_token_in_a_wrong_place(world, place):
    with_tools(world)
    attacker, token = Attacker(world), access_token(world, "generic")
    form = ("Content-Type", "application/x-www-form-urlencoded")
    answer, rule = {
        "query string": lambda: (attacker.rpc(path=f"/mcp?access_token={token}"), None),
        "body": lambda: (attacker.ask("POST", "/mcp", [form], f"access_token={token}"), None),
        "cookie": lambda: (attacker.rpc([("Cookie", f"access_token={token}")]), None),
        "two headers": lambda: (
            attacker.rpc([bearer("x.y.z"), bearer(token)]),
            "proof.repeated",
        ),
        "twice": lambda: (attacker.rpc([bearer(token), bearer(token)]), "proof.repeated"),
        "two in one header": lambda: (
            attacker.rpc([("Authorization", f"Bearer x, Bearer {token}")]),
            ("proof.kind", "token.form"),
        ),
        "other scheme": lambda: (attacker.rpc([("Authorization", f"Token {token}")]), "proof.kind"),
    }[place]()
    attacker.check_refused(answer, rule, 401, 400, 415)


def test_a_flood_of_unknown_keys_costs_one_fetch(world):
    gate, provider = (
        own_gate(world, "alone", GATEHALL_TRUSTED_PROXIES=None),
        world.provider("generic"),
    )
    attacker = Attacker(world, gate)
    before = provider.counts()["jwks"]

    def ask(number):
        header = {"kid": f"unknown-{number}"}
        token = access_token(world, "generic", key="foreign", header=header)
        return attacker.rpc([bearer(token)]).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(60))) == {401}
    assert provider.counts()["jwks"] - before <= 1
