"""Attacks with ID tokens: the provider, or somebody in its place, ends a sign-in with a bad one."""

import json

from . import names, tokens
from .attacks import Attacker, bearer, begin_anew, own_gate
from .runner import table
from .test_attacks_tokens import RULES, SUBJECTS, access_token, faults

# At a sign-in these are seen by another rule than in an access token.
AT_SIGN_IN = {"no issuer": "token.iss", "other issuer": "token.iss", "no expiry": "token.claims"}


def end_with(world, name, mischief):
    """A sign-in whose ID token is spoiled; gives the attacker and the answer to the callback."""
    attacker, provider = Attacker(world), world.provider(name)
    callback = attacker.begin("alice", name)
    provider.mischief(**mischief)
    try:
        return attacker, attacker.get(callback)
    finally:
        provider.reset()


def check_sign_in(world, name, mischief, rule, *statuses):
    attacker, answer = end_with(world, name, mischief)
    attacker.check_refused(answer, rule, *statuses or (400, 403))
    assert names.SESSION_COOKIE not in attacker.jar.held()
    assert attacker.userinfo() is None
    assert not [it for it in attacker.jar.held() if it.startswith(names.ATTEMPT_COOKIE)]


@table([(name, fault) for name in names.PROVIDERS for fault in faults(name)])
def test_id_token_with(world, name, fault):
    claims = tokens.decoded(tokens.id_token(world.provider(name)))[1]
    how = tokens.fault(fault, claims)
    if "overrides" in how:
        how["claims"] = how.pop("overrides")
    if name == "entra" and fault in SUBJECTS and fault != "no subject":
        how["claims"] = {"sub": how["claims"]["sub"]}
    check_sign_in(world, name, {"id_token": how}, AT_SIGN_IN.get(fault, RULES[fault]))


MORE = [
    ("nonce of another", "generic", {"nonce": "x" * 43}, "token.nonce"),
    ("no nonce", "generic", {"nonce": None}, "token.nonce"),
    ("nonce as a list", "generic", {"nonce": ["x"]}, "token.claims"),
    ("at_hash of another", "generic", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "token.at_hash"),
    ("empty at_hash", "generic", {"at_hash": ""}, "token.at_hash"),
    ("azp of another", "generic", {"azp": "open-webui"}, "token.azp"),
    ("azp as a number", "generic", {"azp": 7}, "token.claims"),
    ("further audience", "generic", {"aud": ["gatehall", "evil"]}, "token.aud.further"),
    ("audience as an object", "generic", {"aud": {"gatehall": True}}, "token.claims"),
    ("issued an hour ago", "generic", {"iat": 1_700_000_000}, "token.iat.old"),
    ("no iat", "generic", {"iat": None}, "token.claims"),
    ("iat as text", "generic", {"iat": "1700000000"}, "token.claims"),
    ("sid as a number", "generic", {"sid": 7}, "token.claims"),
    ("name as a list", "generic", {"name": ["Alice"]}, "token.claims"),
    ("events of a logout token", "generic", {"events": {tokens.LOGOUT_EVENT: {}}}, "token.typ"),
    ("groups as text", "generic", {"groups": "engineers"}, "person.claim"),
    ("groups with numbers", "generic", {"groups": ["engineers", 7]}, "person.claim"),
    ("groups as an object", "generic", {"groups": {"engineers": True}}, "person.claim"),
    ("roles as text", "entra", {"roles": "MCP-Admin"}, "person.claim"),
    (
        "tid of another directory",
        "entra",
        {"tid": "66666666-6666-4666-8666-666666666666"},
        "token.tid",
    ),
    ("no tid", "entra", {"tid": None}, "token.tid"),
    ("tid in no form", "entra", {"tid": "common"}, "token.tid"),
    ("oid in no form", "entra", {"oid": "alice"}, "token.sub"),
    ("no oid", "entra", {"oid": None}, "token.sub"),
]


@table(MORE)
def test_id_token_where(world, name, provider, claims, rule):
    check_sign_in(world, provider, {"id_token": {"claims": claims}}, rule)


ANSWERS = [
    ("no ID token", {"response": "drop_id_token"}, "sign-in.provider-down"),
    ("no access token", {"response": "drop_access_token"}, "sign-in.provider-down"),
    ("an error", {"response": "500"}, ("sign-in.provider-down", "sign-in.code")),
    ("the code is refused", {"response": "invalid_grant"}, "sign-in.code"),
    ("a page", {"response": "html"}, "sign-in.provider-down"),
    ("two megabytes", {"response": "junk"}, "sign-in.provider-down"),
    ("no answer", {"response": "reset"}, "sign-in.provider-down"),
    (
        "a redirect elsewhere",
        {"response": "redirect", "body": "http://127.0.0.1:9/"},
        "sign-in.provider-down",
    ),
    ("a list", {"response": "raw", "body": "[]"}, "sign-in.provider-down"),
    ("deep JSON", {"response": "raw", "body": "[" * 20000}, "sign-in.provider-down"),
]


@table(ANSWERS)
def test_token_endpoint_answers(world, name, mischief, rule):
    check_sign_in(world, "generic", mischief, rule)


def test_an_access_token_is_no_id_token(world):
    claims = tokens.decoded(access_token(world, "generic"))[1]
    how = {"raw_payload": json.dumps(claims), "header": {"typ": "at+jwt"}}
    check_sign_in(world, "generic", {"id_token": how}, "token.typ")


@table([(name, keep) for name in names.PROVIDERS for keep in ("old key published", "old key gone")])
def test_keys_change_in_the_middle_of_a_login(world, name, keep):
    # A gate of its own: nobody else may have spent its one question a minute.
    gate = own_gate(world, f"rotation-{name}-{keep.split()[-1]}")
    attacker = Attacker(world, gate)
    callback = attacker.begin("bob", name)
    world.provider(name).control("rotate", {"keep": keep == "old key published"})
    try:
        answer = attacker.get(callback)
        assert answer.status == 303, answer
        assert attacker.userinfo()["email"] == "bob@google.example"
    finally:
        begin_anew(world)


def test_an_outage_of_the_keys_keeps_those_known(world):
    gate, provider = own_gate(world, "outage"), world.provider("generic")
    Attacker(world, gate)
    for broken in (
        {"fail": True},
        {"replace": {"keys": []}},
        {"replace": {"keys": [{"kty": "oct"}]}},
    ):
        provider.control("jwks", broken)
        try:
            unknown = access_token(world, "generic", key="foreign", header={"kid": "unknown"})
            assert Attacker(world, gate).rpc([bearer(unknown)]).status == 401
            attacker = Attacker(world, gate)
            assert attacker.enter("bob").status == 303 and attacker.userinfo()
        finally:
            provider.reset()
