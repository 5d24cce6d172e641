"""The doctor finds what is wrong with a deployment, and nothing where all is well."""

import json
import os

from . import names
from .client import send
from .processes import until
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
        "proxy in front",
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


# A place of its own in front of a path, which asks nobody.
UNASKED = """
    unasked:
      rule: "Host(`app.gate.localhost`) && PathPrefix(`/engine`) && PathRegexp(`.*{}`)"
      priority: 1000
      service: backend
"""


@table([("the path", "/engine$"), ("all below it", "/engine/.*")])
def test_a_path_before_which_a_proxy_asks_nobody(world, _, where):
    port = world.proxy("traefik")
    path = world.processes.folder / "traefik/traefik-dynamic.yaml"
    text = path.read_text()
    page = "/engine" if where.endswith("$") else "/engine/x"
    answer = lambda: send(port, page, "app.gate.localhost", headers=names.PROGRAM_HEADERS).status
    assert answer() == 401
    path.write_text(text.replace("  routers:\n", f"  routers:{UNASKED.format(where)}", 1))
    try:
        until("the gate heard of it", lambda: answer() == 200)
        found, findings = examined(world, fails=True)
        assert "lets somebody in" in found["host app.gate.localhost/engine", "bad"]["found"], findings
        assert ("host app.gate.localhost", "good") in found, findings
    finally:
        path.write_text(text)
        until("the gate heard of it", lambda: answer() == 401)


def test_a_gate_that_does_not_know_its_proxy(world):
    world.proxy("traefik")
    world.restart_gate(GATEHALL_TRUSTED_PROXIES="192.0.2.1")
    try:
        found, findings = examined(world, fails=True)
        remedy = found["host app.gate.localhost", "bad"]["remedy"]
        assert "GATEHALL_TRUSTED_PROXIES" in remedy, findings
        # The address is the one that the gate sees.
        remedy = found["proxy in front", "bad"]["remedy"]
        assert remedy == "add 127.0.0.1 to GATEHALL_TRUSTED_PROXIES of the gate", findings
    finally:
        world.restart_gate()


def test_a_gate_that_refuses_its_own_name(world):
    world.proxy("traefik")
    found, findings = examined(world, "--allowed-hosts", "localhost,127.0.0.1", fails=True)
    finding = found["allowed hosts", "bad"]
    assert "GATEHALL_ALLOWED_HOSTS" in finding["remedy"], findings
    assert names.GATE_HOST in finding["remedy"], findings
    found, findings = examined(world, "--allowed-hosts", f"localhost,{names.GATE_HOST.upper()}")
    assert ("allowed hosts", "good") in found, findings


def test_a_gate_that_is_down(world):
    world.proxy("traefik")
    listen = f"127.0.0.1:{world.port('gate')}"
    found, findings = examined(world, "--listen", listen)
    assert ("gate", "good") in found, findings
    world.processes.stop("gate")
    try:
        found, findings = examined(world, "--listen", listen, fails=True)
        assert "the gate is down" in found["gate", "bad"]["found"], findings
        # Its proxy still answers.
        assert "the gate is down" in found["public address", "bad"]["found"], findings
    finally:
        world.start_gate()


def test_an_open_webui_that_may_vouch_for_nobody(world):
    world.proxy("traefik")
    key = json.loads(world.gatehall("key", "add", "--service", "--json"))["id"]
    try:
        found, findings = examined(world)
        assert "GATEHALL_OPEN_WEBUI_DOMAINS" in found["Open WebUI", "doubtful"]["remedy"], findings
        # The gate that runs knows best what it was started with.
        found, findings = examined(world, "--open-webui-domains", "google.example")
        assert ("Open WebUI", "doubtful") in found, findings
    finally:
        world.gatehall("key", "revoke", key)
