"""The doctor finds what is wrong with a deployment, and nothing where all is well."""

import json
import os

from . import names
from .runner import table


def examined(world, *arguments, fails=False):
    done = world.gatehall("doctor", "--json", *arguments, fails=fails)
    findings = json.loads(done)
    return {(it["subject"], it["state"]): it for it in findings}, findings


def test_a_healthy_deployment(world):
    world.proxy("traefik")
    found, findings = examined(world)
    bad = [it for it in findings if it["state"] == "bad"]
    assert not bad, bad
    for subject in [
        "provider entra",
        "provider authentik",
        "provider generic",
        "public address",
        "forged headers at /auth/forwarded-user",
        "host app.gate.localhost",
    ]:
        assert (subject, "good") in found, (subject, findings)


@table([("http://127.0.0.1:9",), ("http://nobody.localhost:9",)])
def test_an_address_that_leads_nowhere(world, address):
    world.proxy("traefik")
    found, _ = examined(world, "--public-url", address, fails=True)
    assert "start the gate" in found["public address", "bad"]["remedy"]


def test_a_provider_of_another_issuer_and_an_unknown_client(world):
    world.proxy("traefik")
    world.provider("generic").control("discovery", {"merge": {"issuer": "http://127.0.0.1:1"}})
    try:
        found, _ = examined(world, fails=True)
        assert "set the issuer to exactly that text" in found["provider generic", "bad"]["found"]
    finally:
        world.provider("generic").reset()


def test_a_wrong_secret_and_a_claim_that_nobody_sends(world):
    world.proxy("traefik")
    world.gatehall("provider", "change", "authentik", "--client-secret", "env:WRONG_SECRET")
    world.gatehall(
        *("provider", "map", "generic", "--claim", "nonsense"),
        *("--value", "x", "--group", "engineering"),
    )
    os.environ["WRONG_SECRET"] = "not the secret"
    try:
        found, findings = examined(world, fails=True)
        assert "secret" in found["provider authentik", "bad"]["found"], findings
        assert "nonsense" in found["provider generic", "doubtful"]["found"], findings
    finally:
        del os.environ["WRONG_SECRET"]
        secret = f"env:{names.SECRET_VARIABLE}"
        world.gatehall("provider", "change", "authentik", "--client-secret", secret)
        world.gatehall(
            *("provider", "unmap", "generic", "--claim", "nonsense"),
            *("--value", "x", "--group", "engineering"),
        )


def test_a_gate_that_does_not_know_its_proxy(world):
    world.proxy("traefik")
    world.restart_gate(GATEHALL_TRUSTED_PROXIES="192.0.2.1")
    try:
        found, findings = examined(world, fails=True)
        remedy = found["host app.gate.localhost", "bad"]["remedy"]
        assert "GATEHALL_TRUSTED_PROXIES" in remedy, findings
    finally:
        world.restart_gate()
