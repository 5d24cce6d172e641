"""Attacks on who somebody is: addresses, accounts, directories and groups that claim too much."""

import json
import urllib.parse

from . import names, tokens
from .attacks import (
    Attacker,
    bearer,
    check_no_grant,
    cookie,
    endpoint,
    key_of,
    own_gate,
    question,
)
from .processes import until
from .runner import table

ALICE = "alice@google.example"
EMPLOYEES = "aaaaaaaa-0000-4000-8000-00000000000a"


def gate_of(world):
    return own_gate(world, "people")


def say(world, provider, account, claims):
    world.provider(provider).control(f"accounts/{urllib.parse.quote(account)}", claims)


def newcomer(world, account, provider="generic", **claims):
    """Somebody with these claims tries to sign in."""
    say(world, provider, account, {"name": "Somebody", **claims})
    attacker = Attacker(world, gate_of(world))
    return attacker, attacker.enter(account, provider)


def groups_of(attacker):
    return attacker.userinfo()["groups"]


def user(world, email):
    return json.loads(gate_of(world).gatehall("user", "show", email, "--json"))


# Addresses that are somebody else's, or look like it: name -> claims of the generic provider.
ADDRESSES = {
    "Cyrillic a": {"email": "\u0430lice@google.example"},
    "Greek omicron in the domain": {"email": "alice@g\u03bf\u03bfgle.example"},
    "full-width at": {"email": "alice\uff20google.example"},
    "full-width letters": {"email": "\uff41lice@google.example"},
    "dotless i": {"email": "al\u0131ce@google.example"},
    "Kelvin sign": {"email": "\u212aalice@google.example"},
    "accent as a character of its own": {"email": "alice\u0301@google.example"},
    "zero-width blank": {"email": "ali\u200bce@google.example"},
    "line break": {"email": "alice@google.example\r\nX-User-Admin: true"},
    "null": {"email": "alice@google.example\x00@elsewhere.example"},
    "two ats, ours first": {"email": "alice@google.example@evil.example"},
    "two ats, ours last": {"email": "mallory@evil.example@google.example"},
    "quoted": {"email": '"alice@google.example"@evil.example'},
    "with a name": {"email": "Alice <alice@google.example>"},
    "a list": {"email": "alice@google.example,mallory@google.example"},
    "an array": {"email": ["alice@google.example"]},
    "an object": {"email": {"value": "alice@google.example"}},
    "empty": {"email": ""},
    "no local part": {"email": "@google.example"},
    "pattern": {"email": "*@google.example"},
    "blank in front": {"email": " alice@google.example"},
    "hard blank behind": {"email": "alice@google.example\u00a0"},
    "wide blank behind": {"email": "alice@google.example\u3000"},
    "untrusted domain": {"email": "alice@elsewhere.example"},
    "domain that ends alike": {"email": "alice@evilgoogle.example"},
    "domain below": {"email": "alice@evil.google.example"},
    "domain with a dot": {"email": "alice@google.example."},
    "domain as punycode": {"email": "alice@xn--ggle-0nda.example"},
    "unverified": {"email": ALICE, "email_verified": False},
    "verified as no": {"email": ALICE, "email_verified": "no"},
    "verified as null text": {"email": ALICE, "email_verified": "null"},
    "verified as 2": {"email": ALICE, "email_verified": 2},
    "verified as a list": {"email": ALICE, "email_verified": [True]},
    "verified as xms_edov": {"email": ALICE, "email_verified": False, "xms_edov": True},
    "only a user name": {"email": None, "preferred_username": ALICE},
    "only a upn": {"email": None, "upn": ALICE, "unique_name": ALICE},
}


@table([(name,) for name in ADDRESSES])
def test_address(world, name):
    attacker, answer = newcomer(world, f"address {name}", **ADDRESSES[name])
    attacker.check_refused(answer, ("person.address", "token.claims"), 403)
    assert attacker.userinfo() is None


def test_capitals_are_the_same_person(world):
    lower, _ = newcomer(world, "mixed", email="mixed@google.example")
    upper, answer = newcomer(world, "mixed", email="MIXED@Google.EXAMPLE")
    assert answer.status == 303 and upper.userinfo()["user"] == lower.userinfo()["user"], answer
    # Another account with the address in other letters is no second person, and not the first.
    other, answer = newcomer(world, "mixed-two", email="Mixed@google.example")
    other.check_refused(answer, "person.other-account", 403)


ENTRA = {
    "guest": (
        {"email": ALICE, "acct": 1, "preferred_username": "g@elsewhere.example"},
        "person.address",
    ),
    "guest by upn": (
        {"email": ALICE, "preferred_username": "alice_google.example#EXT#@google.example"},
        "person.address",
    ),
    # The address is what the guest's own directory says; nobody asked for the claim acct.
    "guest without acct": (
        {"email": ALICE, "preferred_username": "mallory@elsewhere.example"},
        "person.address",
    ),
    "guest with the claim idp": (
        {"email": ALICE, "idp": "https://sts.windows.net/66666666-6666-4666-8666-666666666666/"},
        "person.address",
    ),
    "acct as text": ({"email": ALICE, "acct": "1"}, "person.address"),
    "foreign directory": (
        {"email": ALICE, "tid": "66666666-6666-4666-8666-666666666666"},
        ("token.tid", "token.iss"),
    ),
    "foreign directory with edov": (
        {"email": ALICE, "xms_edov": True, "tid": "66666666-6666-4666-8666-666666666666"},
        ("token.tid", "token.iss"),
    ),
    "personal account": (
        {"email": ALICE, "tid": "9188040d-6c67-4c5b-b112-36a304b66dad"},
        ("token.tid", "token.iss"),
    ),
    "other domain": ({"email": "alice@elsewhere.example", "xms_edov": True}, "person.address"),
    "guest whose user name is alice's": (
        {"email": None, "acct": 1, "preferred_username": ALICE},
        "person.address",
    ),
}


@table([(name,) for name in ENTRA])
def test_entra_account(world, name):
    claims, rule = ENTRA[name]
    attacker, answer = newcomer(world, f"entra {name}", "entra", groups=[EMPLOYEES], **claims)
    attacker.check_refused(answer, rule, 403)


def test_an_address_moves_to_another_users(world):
    newcomer(world, "mover-target", email="target@google.example")
    before, _ = newcomer(world, "mover", email="mover@google.example")
    after, answer = newcomer(world, "mover", email="target@google.example")
    assert answer.status == 303, answer
    assert after.userinfo()["user"] == before.userinfo()["user"], "it is still the same account"
    assert after.userinfo()["email"] == "mover@google.example"


def test_a_second_account_with_the_same_address(world):
    first, _ = newcomer(world, "first", email="shared@google.example")
    second, answer = newcomer(world, "second", email="shared@google.example")
    second.check_refused(answer, "person.other-account", 403)
    assert first.userinfo()


@table([("no",), ("removed",)])
def test_a_user_who_may_no_more(world, how):
    email, gate = f"gone-{how}@google.example", gate_of(world)
    attacker, _ = newcomer(world, f"gone-{how}", email=email, groups=["engineers"])
    key = bearer(key_of(gate, email)["key"])
    until("the gate heard of it", lambda: attacker.rpc([key]).status == 200)
    assert attacker.userinfo()
    if how == "no":
        gate.gatehall("user", "change", email, "--enabled", "false")
    else:
        gate.gatehall("user", "remove", email, "--cascade")
    until("the gate heard of it", lambda: attacker.userinfo() is None)
    late = Attacker(world, gate)
    late.check_refused(late.rpc([key]), "key", 401)
    if how == "no":
        again = Attacker(world, gate)
        again.check_refused(again.enter(f"gone-{how}"), "person.disabled", 403)
        check_no_grant(attacker.get(attacker.page("/")))


def test_a_name_is_only_a_name(world):
    attacker, answer = newcomer(
        world,
        "odd",
        email="odd@google.example",
        name="<script>alert(1)</script>\r\nX-User-Admin: true",
    )
    assert answer.status == 303, answer
    page = attacker.get(attacker.page("/"))
    assert "<script>" not in page.text and user(world, "odd@google.example"), page
    assert page.header("x-user-admin") is None


def test_two_proofs_of_two_people(world):
    gate = gate_of(world)
    owner, _ = newcomer(world, "two-owner", email="two-owner@google.example")
    other, _ = newcomer(world, "two-other", email="two-other@google.example")
    key = bearer(key_of(gate, "two-owner@google.example")["key"])
    account = "two-owner"
    token = bearer(
        tokens.access_token(
            world.provider("generic"), account, audience=f"{world.public_url}/mcp"
        )
    )
    sessions = {
        who: cookie(visitor.jar.get(names.SESSION_COOKIE))
        for who, visitor in (("owner", owner), ("other", other))
    }
    until("the gate heard of it", lambda: Attacker(world, gate).rpc([key]).status == 200)
    for proof in (key, token):
        attacker = Attacker(world, gate)
        assert attacker.rpc([proof, sessions["owner"]]).status == 200
        attacker = Attacker(world, gate)
        answer = attacker.rpc([proof, sessions["other"]])
        attacker.check_refused(answer, "proof.two-people", 403)
        for kind in names.CHECKS:
            attacker = Attacker(world, gate)
            asked = [*question(kind), proof, sessions["other"]]
            answer = attacker.ask("GET", endpoint(kind), asked)
            attacker.check_refused(answer, "proof.two-people", 401)
            asked = [*question(kind), proof, sessions["owner"]]
            answer = Attacker(world, gate).ask("GET", endpoint(kind), asked)
            assert answer.status in (200, 202), answer
            assert answer.header("x-user-email") == "two-owner@google.example"
