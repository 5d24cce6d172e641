"""A client's secret that cannot be had must not turn the gate into a client without one."""

import json
import time

from . import names
from . import world as worlds
from .attacks import Attacker, bearer, own_gate
from .test_attacks_tokens import access_token


def test_a_secret_that_cannot_be_had_closes_the_provider(world):
    gate = own_gate(world, "no-secret")
    attacker = Attacker(world, gate)
    begun = attacker.begin("alice")
    gate.environment["GATEHALL_SECRET_VARIABLES"] = "ANOTHER"
    world.processes.stop(gate.name)
    gate.gate()
    # It takes the provider's tokens, so it is not that the provider is unknown as yet.
    token = bearer(access_token(world, "generic"))
    for _ in range(200):
        if attacker.rpc([token]).status == 200:
            break
        time.sleep(0.05)
    answer = attacker.get(attacker.page(names.START, provider="generic"))
    assert answer.status == 503 and answer.header("location") is None, answer
    attacker = Attacker(world, gate, attacker.jar)
    attacker.check_refused(attacker.get(begun), "sign-in.provider-down", 400)
    log = world.processes.tail(gate.name)
    assert "the client's secret cannot be used" in log, log
    assert f"GATEHALL_SECRET_VARIABLES={names.SECRET_VARIABLE}" in log, log
    command = [worlds.GATEHALL, "--data-dir", gate.data, "doctor", "--json"]
    said = world.processes.run("no-secret-doctor", command, gate.environment, fails=True)
    found = [it["found"] for it in json.loads(said) if it["subject"] == "provider generic"]
    assert any("nobody can sign in, because of the client's secret" in it for it in found), found
