"""Attacks with groups: claims that say too much, too little, or in a wrong way."""

from . import names, tokens
from .attacks import Attacker, bearer
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
