"""The test providers themselves: they look like what they stand for, and misbehave when asked."""

import json
import threading
import urllib.parse
import urllib.request

import jwt

from . import names, tokens
from .client import Visitor, send
from .party import Party, discovery, post
from .runner import table

GRAPH = "/v1.0/me/transitiveMemberOf/microsoft.graph.group"
EVERY_PROVIDER = [(name,) for name in names.PROVIDERS]


@table(EVERY_PROVIDER)
def test_logs_in_and_refreshes(world, name):
    provider = world.provider(name)
    party = (
        Party(world, provider, prompt="consent") if name == "generic" else Party(world, provider)
    )
    back = party.come_back("alice")
    assert back["state"] == "the-state" and ("iss" in back) == (name == "generic"), back
    assert party.document["issuer"] == provider.issuer
    answer = party.exchange(back["code"])
    claims = party.verified(answer.json()["id_token"])
    assert (
        claims["iss"] == provider.issuer
        and claims["nonce"] == "the-nonce"
        and claims["email"] == "alice@google.example"
    )
    assert (
        claims.get("email_verified") == {"entra": None, "authentik": False, "generic": True}[name]
    )
    if name == "entra":
        assert (
            claims["sub"] != claims["oid"]
            and claims["tid"] == provider.facts["tenant"]
            and claims["ver"] == "2.0"
        )
    provider.account("alice", groups=["changed"])
    form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    refreshed = post(provider, party.document["token_endpoint"], form).json()
    again = party.verified(refreshed["id_token"])
    assert again["sub"] == claims["sub"] and again["groups"] == ["changed"]
    repeated = post(provider, party.document["token_endpoint"], form)
    assert repeated.status == (200 if name == "entra" else 400), repeated
    assert party.exchange(back["code"]).status == 400, "a code works once"
    provider.account("alice", groups=["engineers"])


@table(
    [
        ("entra", "open-webui", "openid api://gatehall/access", None),
        ("authentik", "open-webui", "openid email", None),
        ("generic", "open-webui", "openid mcp", "http://gate.example/mcp"),
    ]
)
def test_gives_access_tokens_of_its_kind(world, name, client, scope, resource):
    provider = world.provider(name)
    more = {"resource": resource} if resource else {}
    party = Party(world, provider, client, scope, **more)
    token = party.exchange(party.come_back("bob")["code"], **more).json()["access_token"]
    audience = resource or tokens.default_audience(provider, client)
    claims = party.verified(token, audience)
    header = jwt.get_unverified_header(token)
    assert header["typ"] == ("at+jwt" if name == "generic" else "JWT")
    shortcut = party.verified(
        tokens.access_token(provider, "bob", client, audience, claims.get("scope", "access")),
        audience,
    )
    assert claims.keys() == shortcut.keys(), (claims, shortcut)
    app_form = {
        "grant_type": "client_credentials",
        "scope": "api://gatehall/.default" if name == "entra" else "mcp",
        **more,
    }
    app = post(provider, party.document["token_endpoint"], app_form, "robot").json()["access_token"]
    app_claims = party.verified(app, resource or ("robot" if name == "authentik" else audience))
    assert "email" not in app_claims and "scp" not in app_claims
    assert name != "entra" or (
        app_claims["idtyp"] == "app" and app_claims["roles"] and app_claims["azp"] == "robot"
    )


def test_entra_serves_many_tenants(world):
    provider = world.provider("entra")
    common = discovery(provider, f"http://127.0.0.1:{provider.port}/common/v2.0")
    assert common["issuer"] == f"http://127.0.0.1:{provider.port}/{{tenantid}}/v2.0"
    claims = Party(world, provider).verified(Party(world, provider).tokens("mallory")["id_token"])
    assert claims["iss"].endswith("/66666666-6666-4666-8666-666666666666/v2.0")


def test_entra_sends_an_overage_to_graph(world):
    provider = world.provider("entra")
    answer = Party(world, provider).tokens("many")
    claims = tokens.decoded(answer["id_token"])[1]
    assert "groups" not in claims and claims["_claim_names"] == {"groups": "src1"}
    address = f"http://127.0.0.1:{provider.port}{GRAPH}?$select=id"
    found, pages = [], 0
    while address:
        request = urllib.request.Request(
            address, headers={"Authorization": f"Bearer {answer['access_token']}"}
        )
        page = json.load(urllib.request.urlopen(request))
        found += [each["id"] for each in page["value"]]
        address, pages = page.get("@odata.nextLink"), pages + 1
    assert pages == 3 and len(found) == 5
    provider.control("graph", {"fail": True})
    failing = send(
        provider.port,
        GRAPH,
        headers=[("Authorization", f"Bearer {answer['access_token']}")],
    )
    assert failing.status == 503
    provider.reset()


@table(EVERY_PROVIDER)
def test_rotates_keys(world, name):
    provider = world.provider(name)
    party = Party(world, provider)
    old = tokens.id_token(provider)
    provider.control("rotate", {"keep": True})
    party.verified(old)
    party.verified(tokens.id_token(provider))
    assert (
        tokens.decoded(party.tokens("alice")["id_token"])[0]["kid"] != tokens.decoded(old)[0]["kid"]
    )
    # More than the places that oidc-provider was given.
    for _ in range(17 if name == "entra" else 1):
        provider.control("rotate", {"keep": False})
    party.verified(party.tokens("alice")["id_token"])
    keys = send(provider.port, urllib.parse.urlsplit(party.document["jwks_uri"]).path).json()[
        "keys"
    ]
    assert len(keys) == (3 if name == "generic" else 1)


@table([(name, fault) for name in ("entra", "generic") for fault in tokens.FAULTS])
def test_mints_every_fault(world, name, fault):
    provider = world.provider(name)
    good = tokens.access_token(provider, audience="somewhere")
    bad = tokens.access_token(
        provider, audience="somewhere", **tokens.fault(fault, tokens.decoded(good)[1])
    )
    assert bad != good and bad.count(".") == 2
    assert (
        bad.split(".")[0] != good.split(".")[0]
        or bad.split(".")[1] != good.split(".")[1]
        or "key" in tokens.FAULTS[fault]
    )


@table(
    [
        ("drop_id_token", 200),
        ("500", 500),
        ("html", 200),
        ("junk", 200),
        ("slow", 200),
        ("invalid_grant", 400),
        ("raw", 200),
        ("redirect", 307),
    ]
)
def test_spoils_one_answer(world, response, status):
    provider = world.provider("generic")
    party = Party(world, provider)
    provider.mischief(response=response, delay_ms=300, body="{}")
    answer = party.exchange(party.come_back("alice")["code"])
    assert answer.status == status, answer
    assert response != "junk" or len(answer.body) > 2_000_000
    assert "id_token" in party.tokens("alice")


def test_spoils_one_id_token(world):
    provider = world.provider("authentik")
    party = Party(world, provider)
    provider.mischief(
        id_token={
            "claims": {"nonce": "other", "email": None},
            "key": "foreign",
            "header": {"kid": "x"},
        }
    )
    header, claims = tokens.decoded(party.tokens("alice")["id_token"])
    assert (
        header["kid"] == "x"
        and claims["nonce"] == "other"
        and "email" not in claims
        and claims["groups"]
    )
    assert "email" in tokens.decoded(party.tokens("alice")["id_token"])[1]


def test_counts_and_fails(world):
    provider = world.provider("generic")
    provider.reset()
    party = Party(world, provider)
    party.verified(party.tokens("alice")["id_token"])
    assert provider.counts() == {"discovery": 1, "jwks": 1, "token": 1, "userinfo": 0, "graph": 0}
    provider.control("jwks", {"fail": True})
    assert send(provider.port, "/jwks").status == 503
    provider.control("discovery", {"merge": {"issuer": "http://evil.example"}})
    assert discovery(provider)["issuer"] == "http://evil.example"
    provider.reset()
    assert send(provider.port, "/jwks").status == 200


def test_a_cancelled_login_comes_back_with_an_error(world):
    party = Party(world, world.provider("generic"))
    visitor = Visitor()
    page = visitor.follow(
        visitor.get(
            f"{party.document['authorization_endpoint']}?{urllib.parse.urlencode(party.query)}"
        )
    )
    answer = visitor.follow(visitor.post(page.url, {"cancel": "yes"}), until=names.CALLBACK)
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.header("location")).query))
    assert back["error"] == "access_denied" and "<b>" in back["error_description"]


def test_many_logins_at_once(world):
    provider = world.provider("generic")
    failed = []

    def login():
        try:
            Party(world, provider).tokens("alice")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=login) for _ in range(40)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed, failed[:3]
