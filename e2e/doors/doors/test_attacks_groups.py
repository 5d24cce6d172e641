"""Attacks with groups: claims that say too much, too little, or in a wrong way."""

import concurrent.futures
import json

from . import names, tokens
from .attacks import Attacker, bearer, cookie, key_of, own_gate, question
from .processes import until
from .runner import table
from .test_attacks_people import EMPLOYEES, gate_of, groups_of, newcomer, say

# What a claim of groups says that must give nothing: name -> (provider, claims, refused).
GROUPS = {
    "comma": ("authentik", {"groups": ["Sales,MCP-Admin", "employees,Gate Admins"]}, False),
    "a list in one text": ("authentik", {"groups": "employees"}, True),
    "a list in one text with commas": ("authentik", {"groups": "x,Gate Admins"}, True),
    "JSON in a text": ("authentik", {"groups": '["Gate Admins"]'}, True),
    "an object": ("authentik", {"groups": {"Gate Admins": True}}, True),
    "objects": ("authentik", {"groups": [{"name": "Gate Admins"}]}, True),
    "nested": ("authentik", {"groups": [["Gate Admins"]]}, True),
    "a number": ("authentik", {"groups": 1}, True),
    "true": ("authentik", {"groups": True}, True),
    "the local name": ("authentik", {"groups": ["MCP-Admin", "google-employees"]}, False),
    "other letters": ("authentik", {"groups": ["gate admins", "EMPLOYEES"]}, False),
    "blanks around": ("authentik", {"groups": [" Gate Admins", "employees "]}, False),
    "pattern": ("authentik", {"groups": ["*", "Gate*", ".*"]}, False),
    "other blank": ("authentik", {"groups": ["Gate\u00a0Admins"]}, False),
    "line break": ("authentik", {"groups": ["x\r\nX-User-Admin: true"]}, False),
    "another claim": (
        "authentik",
        {"roles": ["MCP-Admin"], "entitlements": ["Gate Admins"]},
        False,
    ),
    "admin as a claim": (
        "authentik",
        {"admin": True, "is_admin": True, "wids": ["MCP-Admin"]},
        False,
    ),
    "values of another provider": ("authentik", {"groups": [EMPLOYEES, "gate-admins"]}, False),
    "role as text": ("entra", {"roles": "MCP-Admin"}, True),
    "role as a group": ("entra", {"groups": ["MCP-Admin"]}, False),
    "group id in capitals": ("entra", {"groups": [EMPLOYEES.upper()]}, False),
    "group id in the roles": ("entra", {"roles": [EMPLOYEES]}, False),
}


@table([(name,) for name in GROUPS])
def test_groups(world, name):
    provider, claims, refused = GROUPS[name]
    account = f"groups-{list(GROUPS).index(name)}"
    address = f"{account}@google.example"
    claims = {"email": address, "preferred_username": address, "groups": [], **claims}
    attacker, answer = newcomer(world, account, provider, **claims)
    if refused:
        attacker.check_refused(answer, "person.claim", 403)
        return
    assert answer.status == 303 and groups_of(attacker) == [], (answer, attacker.userinfo())


def test_admin_only_by_mapping(world):
    for provider in names.PROVIDERS:
        attacker = Attacker(world, gate_of(world))
        assert attacker.enter("admin", provider).status == 303
        assert "MCP-Admin" in groups_of(attacker)
    # The same words from a provider where they are not mapped.
    claims = {
        "email": "pretender@google.example",
        "roles": ["MCP-Admin"],
        "groups": ["Gate Admins"],
    }
    attacker, _ = newcomer(world, "pretender", **claims)
    assert groups_of(attacker) == []


def test_what_is_no_longer_said_is_taken_back(world):
    email = "leaver@google.example"
    attacker, _ = newcomer(world, "leaver", email=email, groups=["engineers", "gate-admins"])
    assert groups_of(attacker) == ["MCP-Admin", "engineering"]
    gate_of(world).gatehall("user", "change", email, "--add-group", "google-employees")
    attacker, _ = newcomer(world, "leaver", email=email, groups=[])
    assert groups_of(attacker) == ["google-employees"]
    # What an administrator gave stays, also where the provider said it once.
    gate_of(world).gatehall("user", "change", email, "--add-group", "engineering")
    newcomer(world, "leaver", email=email, groups=["engineers"])
    attacker, _ = newcomer(world, "leaver", email=email, groups=[])
    assert groups_of(attacker) == ["engineering", "google-employees"]


def test_silence_about_groups_changes_nothing(world):
    attacker, _ = newcomer(world, "silent", email="silent@google.example", groups=["engineers"])
    assert groups_of(attacker) == ["engineering"]
    attacker, _ = newcomer(world, "silent", email="silent@google.example", groups=None)
    assert groups_of(attacker) == ["engineering"]


def test_an_older_access_token_brings_nothing_back(world):
    email, audience = "late@google.example", f"{world.public_url}/mcp"
    newcomer(world, "late", email=email, groups=["gate-admins"])
    older = tokens.access_token(world.provider("generic"), "late", audience=audience)
    attacker, _ = newcomer(world, "late", email=email, groups=[])
    assert groups_of(attacker) == []
    attacker.rpc([bearer(older)])
    assert groups_of(attacker) == []


def overage(world, account, **graph):
    provider = world.provider("entra")
    provider.control("graph", graph)
    claims = {
        "email": f"{account}@google.example",
        "preferred_username": f"{account}@google.example",
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "http://127.0.0.1:9/steal"}},
        "graph_groups": [f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(4)] + [EMPLOYEES],
    }
    say(world, "entra", account, claims)
    try:
        attacker = Attacker(world, gate_of(world))
        return attacker, attacker.enter(account, "entra")
    finally:
        provider.reset()


def test_overage_is_resolved_at_graph(world):
    attacker, answer = overage(world, "many-one")
    assert answer.status == 303 and groups_of(attacker) == ["google-employees"], answer


FAILURES = {
    "down": {"fail": True},
    "forbidden": {"fail": 403},
    "throttled": {"fail": 429},
    "down at the second page": {"fail": True, "fail_after": 1},
    "next page at another host": {"next_host": "http://127.0.0.1:9"},
    "next page at a name that begins alike": {"next_host": "http://127.0.0.1.evil.example"},
}


@table([(name,) for name in FAILURES])
def test_overage_while_graph_is(world, name):
    account = f"many-{list(FAILURES).index(name)}-failing"
    attacker, _ = overage(world, account, **FAILURES[name])
    assert groups_of(attacker) == [], "nothing was known yet"
    attacker, _ = overage(world, account)
    assert groups_of(attacker) == ["google-employees"]
    attacker, answer = overage(world, account, **FAILURES[name])
    assert answer.status == 303 and groups_of(attacker) == ["google-employees"], "the last known"


def closed_gate(world):
    """The gate whose employees may not use the clock that everybody else may use."""
    gate = own_gate(world, "closed")
    if not world.__dict__.get("clock_is_closed"):
        gate.gate()
        closed = ("--group", "google-employees", "--connection", "clock", "--deny")
        gate.gatehall("grant", "add", *closed)
        world.clock_is_closed = True
        attacker = Attacker(world, gate)
        open_to_anybody = bearer(key_of(gate, "bob@google.example")["key"])
        # The catalogue and the rule have to be there before anything can be told from an answer.
        until("the gate heard of it", lambda: "clock_" in attacker.rpc([open_to_anybody]).text)
    return gate


def account_with(world, account, **more):
    address = f"{account}@google.example"
    claims = {"email": address, "preferred_username": address, "acct": 0, **more}
    say(world, "entra", account, {"name": "Somebody", **claims})
    return address


OVERAGE = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "http://127.0.0.1:9/steal"}},
}


def token_of(world, account, **overrides):
    """An access token as Entra ID issues it for somebody in very many groups."""
    overrides = {"groups": None, **OVERAGE, **overrides}
    return tokens.access_token(world.provider("entra"), account, overrides=overrides)


def sees_the_clock(attacker, token):
    answer = attacker.rpc([bearer(token)])
    assert answer.status == 200, answer
    return "clock_" in answer.text


UNKNOWN = {
    "Graph is down": {"fail": True},
    "Graph forbids it": {"fail": 403},
    "the gate may not ask": {"no_consent": True},
    "Graph is down at the second page": {"fail": True, "fail_after": 1},
}


@table([(name,) for name in UNKNOWN])
def test_a_first_access_token_with_too_many_groups_while(world, name):
    gate, account = closed_gate(world), f"token-{list(UNKNOWN).index(name)}"
    many = [f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(4)]
    account_with(world, account, graph_groups=[*many, EMPLOYEES], **OVERAGE)
    provider = world.provider("entra")
    provider.control("graph", UNKNOWN[name])
    try:
        attacker = Attacker(world, gate)
        assert not sees_the_clock(attacker, token_of(world, account)), "groups that nobody knows"
        call = attacker.rpc(
            [bearer(token_of(world, account))], "tools/call", name="clock_now", arguments={}
        )
        assert "Unknown tool" in call.text, call
    finally:
        provider.reset()
    address = f"{account}@google.example"
    explained = gate.gatehall("explain", address)
    assert "groups are not known yet: entra:groups" in explained, explained
    # The token is the same, and the gate asks again after a while; a sign-in says it at once.
    assert Attacker(world, gate).enter(account, "entra").status == 303
    explained = gate.gatehall("explain", address)
    assert "not known yet" not in explained and "google-employees" in explained, explained


@table([("somebody in the group", True), ("somebody in none of them", False)])
def test_a_first_access_token_with_too_many_groups_of(world, name, member):
    gate, account = closed_gate(world), f"asked-{int(member)}"
    many = [f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(4)]
    account_with(world, account, graph_groups=many + [EMPLOYEES] * member)
    provider = world.provider("entra")
    before = provider.counts()["graph"]
    attackers = [Attacker(world, gate) for _ in range(8)]
    issued = [token_of(world, account) for _ in attackers]
    with concurrent.futures.ThreadPoolExecutor(len(attackers)) as pool:
        seen = list(pool.map(sees_the_clock, attackers, issued))
    assert set(seen) == {not member}, seen
    pages = provider.counts()["graph"] - before
    assert pages == (3 if member else 2), f"{pages} pages were asked for by eight at once"


def test_a_first_access_token_without_groups(world):
    """Entra ID leaves an empty list out of a token, and so does whoever has not set it up."""
    gate = closed_gate(world)
    account_with(world, "silent-member", graph_groups=[EMPLOYEES])
    account_with(world, "silent-nobody", graph_groups=[])
    for account, sees in (("silent-member", False), ("silent-nobody", True)):
        token = token_of(world, account, _claim_names=None, _claim_sources=None)
        assert sees_the_clock(Attacker(world, gate), token) == sees, account


def test_a_first_access_token_at_a_proxy_names_its_user(world):
    """Who is added by the very request that a proxy asks about is no stranger to the answer."""
    gate = closed_gate(world)
    address = account_with(world, "first-at-a-proxy", graph_groups=[EMPLOYEES])
    token = token_of(world, "first-at-a-proxy", groups=[EMPLOYEES], _claim_names=None)
    for host in (f"app.{names.DOMAIN}", f"mcp.{names.DOMAIN}"):
        answer = Attacker(world, gate).ask(
            "GET", "/auth/traefik", [*question("traefik", host), bearer(token)]
        )
        said = {name.lower(): value for name, value in answer.headers}
        assert answer.status == 200 and said["x-user-email"] == address, answer
        assert said["x-user-groups"] == "google-employees", answer


def test_a_first_sign_in_while_graph_is_down(world):
    gate = closed_gate(world)
    many = [f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(4)]
    address = account_with(world, "first-time", graph_groups=[*many, EMPLOYEES], **OVERAGE)
    provider = world.provider("entra")
    provider.control("graph", {"fail": True})
    try:
        attacker = Attacker(world, gate)
        assert attacker.enter("first-time", "entra").status == 303
        assert "clock_" not in attacker.rpc([session_of(attacker)]).text
    finally:
        provider.reset()
    # An account whose groups were said once keeps the last known ones.
    attacker = Attacker(world, gate)
    account_with(world, "first-time", graph_groups=[many[0]], **OVERAGE)
    assert attacker.enter("first-time", "entra").status == 303
    assert "clock_" in attacker.rpc([session_of(attacker)]).text
    account_with(world, "first-time", graph_groups=[EMPLOYEES], **OVERAGE)
    provider.control("graph", {"fail": True})
    try:
        assert attacker.enter("first-time", "entra").status == 303
        assert "clock_" in attacker.rpc([session_of(attacker)]).text, "the last known"
    finally:
        provider.reset()
    accounts = user_at(gate, address)["accounts"]
    assert [it["stale"] for it in accounts] == [True], accounts


def session_of(attacker):
    return cookie(attacker.jar.get(names.SESSION_COOKIE))


def user_at(gate, email):
    return json.loads(gate.gatehall("user", "show", email, "--json"))
