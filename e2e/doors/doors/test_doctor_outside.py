"""The doctor looks at a deployment with TLS from inside, and from a machine that has nothing of it."""

import contextlib
import json

from . import names
from .secure import Secure
from .world import GATEHALL


@contextlib.contextmanager
def deployment(world, **different):
    """Traefik with TLS before the gate, which knows its public address."""
    world.gate()
    secure = Secure(world, world.port("gate"), world.backend)
    world.restart_gate(GATEHALL_PUBLIC_URL=secure.url)
    try:
        secure.start(**different)
        yield secure
    finally:
        secure.stop()
        world.restart_gate()


def looked(world, secure, command, trusting=True, http=None):
    trust = {"SSL_CERT_FILE": str(secure.authority)} if trusting else {}
    environment = {**world.environment(), **trust} if "--data-dir" in command else trust
    home = world.processes.folder / "laptop"
    home.mkdir(exist_ok=True)
    command = [GATEHALL, "doctor", "--json", *secure.arguments(http), *command]
    done = world.processes.run(
        "doctor",
        # Whatever its end: the findings say it.
        ["sh", "-c", '"$@" || true', "sh", *command],
        {**environment, "HOME": str(home), "XDG_DATA_HOME": ""},
    )
    findings = json.loads(done)
    # From elsewhere nothing of a store is opened, and none is made.
    assert not list(home.rglob("gatehall.db")), findings
    return {(it["subject"], it["state"]): it for it in findings}, findings


def from_outside(world, secure, **different):
    return looked(world, secure, (), **different)


def from_inside(world, secure):
    return looked(world, secure, ("--data-dir", str(world.data)))


def bad(findings):
    return [it for it in findings if it["state"] == "bad"]


def test_a_deployment_as_it_should_be(world):
    with deployment(world) as secure:
        found, findings = from_outside(world, secure)
        assert not bad(findings), findings
        for subject in [
            f"name {names.GATE_HOST}",
            f"port {secure.ports['http']} of app.{names.DOMAIN}",
            f"certificate of mcp.{names.DOMAIN}",
            "alias headers",
            f"checks at {names.GATE_HOST}",
            "clocks",
            f"sign-in by header at https://app.{names.DOMAIN}",
        ]:
            assert (subject, "good") in found, (subject, findings)
        assert ("gate", "unknown") in found, findings

        found, findings = from_inside(world, secure)
        # The providers know the gate under another address, and tell.
        refused = [it for it in bad(findings) if it["subject"].startswith("provider ")]
        back = f"register exactly {secure.url}{names.CALLBACK}"
        assert refused and all(it["remedy"].startswith(back) for it in refused), findings
        assert bad(findings) == refused, findings
        for subject in ["proxy in front", "what the proxy passes on", "database", "public address"]:
            assert (subject, "good") in found, (subject, findings)


def test_certificates_that_browsers_do_not_take(world):
    subject = f"certificate of app.{names.DOMAIN}"
    with deployment(world) as secure:
        found, findings = from_outside(world, secure, trusting=False)
        assert "Authority of the tests" in found[subject, "bad"]["found"], findings
        secure.start(certificate=False)
        found, findings = from_outside(world, secure)
        assert "Traefik shows while it has none" in found[subject, "bad"]["found"], findings


def test_a_port_that_another_program_has(world):
    with deployment(world) as secure:
        backend = str(world.backend)
        found, findings = from_outside(world, secure, http=backend)
        remedy = found[f"port {backend} of app.{names.DOMAIN}", "bad"]["remedy"]
        assert "ss -ltnp" in remedy, findings


def test_a_proxy_that_passes_names_in_other_spellings(world):
    with deployment(world, aliases="keep") as secure:
        found, findings = from_outside(world, secure)
        assert "aliasHeadersStrategy" in found["alias headers", "bad"]["remedy"], findings
        found, findings = from_inside(world, secure)
        said = found["what the proxy passes on", "bad"]["found"]
        assert "x_user_email, x.user.email" in said, findings


def test_a_proxy_that_believes_addresses_of_visitors(world):
    with deployment(world, believes=True) as secure:
        found, findings = from_inside(world, secure)
        assert "X-Forwarded-For" in found["what the proxy passes on", "bad"]["found"], findings


def test_checks_that_everybody_can_ask(world):
    closed = " && !PathPrefix(`/auth/`) && !Path(`/oauth2/auth`)"
    with deployment(world, change=lambda text: text.replace(closed, "")) as secure:
        found, findings = from_outside(world, secure)
        said = found[f"checks at {names.GATE_HOST}", "doubtful"]
        assert "/auth/traefik" in said["found"] and closed.strip(" &") in said["remedy"], findings


def test_a_gate_that_is_down_behind_its_proxy(world):
    with deployment(world) as secure:
        world.processes.stop("gate")
        found, findings = from_outside(world, secure)
        said = found[f"port {secure.ports['https']} of {names.GATE_HOST}", "bad"]
        assert "docker compose ps" in said["remedy"], findings
