"""Floods: each is told to wait, and nobody else has to."""

from . import names
from .attacks import Attacker, bearer, endpoint, key_of, own_gate, question
from .processes import until
from .runner import table

BAD_KEY = "ghk_0123456789abcdef_" + "A" * 43
LIMITS = {
    "GATEHALL_SIGN_INS_PER_MINUTE": "5",
    "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE": "20",
    "GATEHALL_USER_CALLS_PER_MINUTE": "10",
}


def gate_of(world):
    return own_gate(world, "limits", **LIMITS)


def flood(attacker, ask, most):
    """Asks until it is told to wait; checks that this came in time, and gives that answer."""
    for number in range(most + 2):
        answer = ask(number)
        assert answer.status < 500, answer
        if answer.status == 429:
            assert 1 <= int(answer.header("retry-after")) <= 60, answer
            return number, answer
    raise AssertionError(f"{most + 2} were not too many: {answer}")


SIGN_INS = {
    "starts": lambda it, n: it.ask("GET", f"{names.START}?provider=generic"),
    "callbacks": lambda it, n: it.ask("GET", f"{names.CALLBACK}?state={n}&code=x"),
    "links": lambda it, n: it.ask("POST", f"/sign-in/link/{n:043}"),
    "front-channel logouts": lambda it, n: it.ask(
        "GET", f"/oauth2/frontchannel-logout/generic?iss=x&sid={n}"
    ),
}
UNPROVEN = {
    "bad keys": lambda it, n: it.rpc([bearer(BAD_KEY)]),
    "bad keys on the other face": lambda it, n: it.ask("GET", "/openapi.json", [bearer(BAD_KEY)]),
    "bad tokens": lambda it, n: it.rpc([bearer(f"a{n}.b.c")]),
    "no proof": lambda it, n: it.rpc(),
    "bad cookies": lambda it, n: it.rpc([("Cookie", f"{names.SESSION_COOKIE}=A{n}")]),
    "checks": lambda it, n: it.ask("GET", endpoint("traefik"), question("traefik")),
    "checks with bad keys": lambda it, n: it.ask(
        "GET", endpoint("nginx"), [*question("nginx"), bearer(BAD_KEY)]
    ),
    "logout tokens": lambda it, n: it.ask(
        "POST", f"{names.BACKCHANNEL}/generic", (), "logout_token=x"
    ),
}


@table([(name,) for name in SIGN_INS])
def test_flood_of(world, name):
    attacker = Attacker(world, gate_of(world))
    number, answer = flood(attacker, lambda n: SIGN_INS[name](attacker, n), 5)
    assert number == 5, f"told to wait at number {number}"
    attacker.check_refused(answer, "limit", 429)
    other = Attacker(world, gate_of(world))
    assert SIGN_INS[name](other, 0).status != 429, "another address has to wait, too"


@table([(name,) for name in UNPROVEN])
def test_unproven_flood_of(world, name):
    attacker = Attacker(world, gate_of(world))
    number, answer = flood(attacker, lambda n: UNPROVEN[name](attacker, n), 20)
    assert number == 20, f"told to wait at number {number}"
    attacker.check_refused(answer, "limit", 429)
    other = Attacker(world, gate_of(world))
    assert UNPROVEN[name](other, 0).status != 429, "another address has to wait, too"


def test_a_good_key_is_not_hurt_by_bad_ones(world):
    gate = gate_of(world)
    attacker = Attacker(world, gate)
    key = bearer(key_of(gate, "alice@google.example")["key"])
    until("the gate heard of it", lambda: Attacker(world, gate).rpc([key]).status == 200)
    flood(attacker, lambda n: attacker.rpc([bearer(BAD_KEY)]), 20)
    for _ in range(5):
        assert attacker.rpc([key]).status == 200
        assert attacker.ask("GET", endpoint("traefik"), [*question("traefik"), key]).status == 200
    assert attacker.rpc([bearer(BAD_KEY)]).status == 429


@table([("MCP", "alice"), ("OpenAPI", "bob")])
def test_a_user_calls_too_often(world, face, name):
    gate = gate_of(world)
    key = bearer(key_of(gate, f"{name}@google.example")["key"])

    def call(_):
        # From many addresses: it is the user who is counted.
        caller = Attacker(world, gate)
        if face == "MCP":
            return caller.rpc([key], "tools/call", name="clock_now", arguments={})
        return caller.ask(
            "POST", "/tools/clock_now", [key, ("Content-Type", "application/json")], "{}"
        )

    until("the gate heard of it", lambda: "clock_now" in Attacker(world, gate).rpc([key]).text)
    number, answer = flood(None, call, 10)
    assert number == 10 and "noon" not in answer.text, (number, answer)
    assert Attacker(world, gate).rpc([key]).status == 200, "lists are no calls"
    other = bearer(
        key_of(gate, "bob@google.example" if name == "alice" else "alice@google.example")["key"]
    )
    until("the gate heard of it", lambda: Attacker(world, gate).rpc([other]).status == 200)


def test_an_address_cannot_be_chosen(world):
    """What a client writes in front of the proxy's own word does not count."""
    attacker = Attacker(world, gate_of(world))

    def ask(number):
        hops = [("X-Forwarded-For", f"203.0.113.{number}, {attacker.address}")]
        return attacker.rpc([bearer(BAD_KEY), *hops])

    assert flood(attacker, ask, 20)[0] == 20


def test_accounts_are_counted_too(world):
    """One account from many addresses, as somebody does who has its password."""
    gate = gate_of(world)
    answers = [Attacker(world, gate).enter("carol") for _ in range(7)]
    assert [it.status for it in answers] == [303] * 5 + [429] * 2, [it.status for it in answers]
    assert answers[-1].header("retry-after"), answers[-1]
