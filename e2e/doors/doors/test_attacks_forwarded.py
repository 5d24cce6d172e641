"""Attacks on the migration aid, with which a proxy that signs users in says who it is."""

from . import tokens
from .attacks import Attacker, own_gate, question
from .runner import table

ALICE = "alice@google.example"
SECRET = "a-secret-of-the-proxy-0123456789"
USER, PROOF, TOKEN = "X-Forwarded-User", "X-Gatehall-Proxy-Secret", "X-Auth-Request-Token"
LOOPBACK = "127.0.0.1/32"


def by_secret(world):
    return own_gate(
        world, "by-secret", GATEHALL_FORWARDED_USER_PROXIES=LOOPBACK,
        GATEHALL_FORWARDED_USER_SECRET=SECRET,
    )  # fmt: skip


def by_token(world):
    return own_gate(
        world, "by-token", GATEHALL_FORWARDED_USER_PROXIES=LOOPBACK,
        GATEHALL_FORWARDED_USER_PROVIDER="generic",
    )  # fmt: skip


def ask(attacker, *headers):
    return attacker.ask("GET", "/auth/forwarded-user", [*question("traefik"), *headers])


SECRETS = {
    "no secret": ([(USER, ALICE)], None),
    "wrong secret": ([(USER, ALICE), (PROOF, SECRET[:-1] + "x")], "proof.kind"),
    "empty secret": ([(USER, ALICE), (PROOF, "")], "proof.kind"),
    "cut secret": ([(USER, ALICE), (PROOF, SECRET[:-1])], "proof.kind"),
    "secret twice": ([(USER, ALICE), (PROOF, SECRET), (PROOF, SECRET)], "proof.repeated"),
    "user twice": ([(USER, ALICE), (USER, ALICE), (PROOF, SECRET)], "proof.repeated"),
    "two users": ([(USER, ALICE), (USER, "bob@google.example"), (PROOF, SECRET)], "proof.repeated"),
    "two users in one": ([(USER, f"{ALICE},bob@google.example"), (PROOF, SECRET)], "proof.kind"),
    "no user": ([(PROOF, SECRET)], None),
    "other names": (
        [("X-Auth-Request-Email", ALICE), ("Remote-User", ALICE), (PROOF, SECRET)],
        None,
    ),
    "alias": ([("X_Forwarded_User", ALICE), (PROOF, SECRET)], None),
    "two ats": ([(USER, f"{ALICE}@evil.example"), (PROOF, SECRET)], "proof.kind"),
    "not ASCII": ([(USER, "\xe4lice@google.example"), (PROOF, SECRET)], "proof.kind"),
    "nobody's address": ([(USER, "nobody@google.example"), (PROOF, SECRET)], "person.unknown"),
    "forged address": ([(USER, ALICE), (PROOF, "x"), ("X-Forwarded-For", "127.0.0.1")], None),
}


@table([(name,) for name in SECRETS])
def test_with_a_secret(world, name):
    attacker = Attacker(world, by_secret(world))
    headers, rule = SECRETS[name]
    attacker.check_refused(ask(attacker, *headers), rule, 400, 401, 403)


def test_what_is_wrong_is_named(world):
    attacker = Attacker(world, by_secret(world))
    answer = ask(attacker, (USER, ALICE), (PROOF, "wrong"))
    assert PROOF in answer.text and "Authorization" not in answer.text, answer


def test_the_good_ones_enter(world):
    answer = ask(Attacker(world, by_secret(world)), (USER, ALICE), (PROOF, SECRET))
    assert answer.status == 200 and answer.header("x-user-email") == ALICE, answer
    token = tokens.id_token(world.provider("generic"))
    answer = ask(Attacker(world, by_token(world)), (USER, ALICE), (TOKEN, token))
    assert answer.status == 200 and answer.header("x-user-email") == ALICE, answer


def test_it_is_off_by_default(world):
    attacker = Attacker(world)
    answer = ask(attacker, (USER, ALICE), (PROOF, SECRET))
    attacker.check_refused(answer, "check.proxy", 403)


# Tokens that must not prove that it is alice: name -> (how, rule).
TOKENS = {
    "of somebody else": ({"account": "bob"}, "proof.kind"),
    "without an address": ({"account": "no-mail"}, "person.address"),
    "unverified address": ({"account": "unverified"}, "person.address"),
    "unverified address of a new account": (
        {"overrides": {"sub": "mallory", "email_verified": False}},
        "person.address",
    ),
    "another account with the address": ({"overrides": {"sub": "mallory"}}, "person.other-account"),
    "expired": ({"overrides": {"exp": 1_700_000_000}}, "token.exp"),
    "other audience": ({"audience": "open-webui"}, "token.aud"),
    "alg none": ({"key": "none"}, "token.alg"),
    "foreign key": ({"key": "foreign"}, "token.signature"),
    "access token": ({"header": {"typ": "at+jwt"}}, "token.typ"),
    "logout token": ({"overrides": {"events": {}}}, "token.typ"),
    "two ats": ({"account": "two-ats"}, "person.address"),
}


@table([(name,) for name in TOKENS])
def test_with_a_token(world, name):
    gate = by_token(world)
    # Alice has an account at the provider that is hers.
    if not getattr(gate, "alice_was_here", False):
        assert Attacker(world, gate).enter("alice").status == 303
        gate.alice_was_here = True
    how, rule = TOKENS[name]
    attacker = Attacker(world, gate)
    token = tokens.id_token(world.provider("generic"), **how)
    attacker.check_refused(ask(attacker, (USER, ALICE), (TOKEN, token)), rule, 401, 403)


def test_a_token_twice_or_none(world):
    gate, token = by_token(world), tokens.id_token(world.provider("generic"))
    for headers, rule in (
        ([(USER, ALICE), (TOKEN, token), (TOKEN, token)], "proof.repeated"),
        ([(USER, ALICE)], None),
        ([(TOKEN, token)], None),
        ([(USER, ALICE), (PROOF, SECRET)], None),
    ):
        attacker = Attacker(world, gate)
        attacker.check_refused(ask(attacker, *headers), rule, 401)
