"""The doctor looks at a real Open WebUI: its settings, and whether there is a way around the gate."""

import contextlib
import json
import types

from doors import names
from doors.processes import free_port
from doors.secure import Secure
from doors.world import GATEHALL, TOOLS


def looked(world, *arguments, environment=None):
    command = [GATEHALL, "doctor", "--json", *arguments]
    # Whatever its end: the findings say it.
    shell = ["sh", "-c", '"$@" || true', "sh", *command]
    home = {"HOME": str(world.processes.folder), "XDG_DATA_HOME": ""}
    findings = json.loads(world.processes.run("doctor", shell, {**home, **(environment or {})}))
    return {(it["subject"], it["state"]): it for it in findings}, findings


def inside(world):
    data = ["--data-dir", str(world.processes.folder / "data")]
    return looked(world, *data, "--open-webui-url", world.origin("open-webui"))


def test_version_and_settings(world):
    ines = world.ines
    found, findings = inside(world)
    assert "0.12." in found["Open WebUI's version", "good"]["found"], findings
    assert "signs people in itself" in found["Open WebUI's settings", "good"]["found"], findings
    settings = ines.ask("GET", "/api/v1/auths/admin/config")
    ines.ask("POST", "/api/v1/auths/admin/config", {**settings, "ENABLE_SIGNUP": True})
    try:
        found, findings = inside(world)
        assert "sign-up is open" in found["Open WebUI's settings", "bad"]["found"], findings
    finally:
        ines.ask("POST", "/api/v1/auths/admin/config", {**settings, "ENABLE_SIGNUP": False})
    found, findings = inside(world)
    assert ("Open WebUI's settings", "good") in found, findings


@contextlib.contextmanager
def trusting(world):
    """Open WebUI takes a header for who somebody is."""
    world.people
    world.start_open_webui(WEBUI_AUTH_TRUSTED_EMAIL_HEADER="X-User-Email")
    try:
        yield
    finally:
        world.start_open_webui()


def test_a_header_that_signs_in_around_the_gate(world):
    place = types.SimpleNamespace(processes=world.processes, tools=TOOLS, port=lambda _: free_port())
    secure = Secure(place, world.ports["gate"], world.ports["open-webui"])
    world.gate()
    subject = f"sign-in by header at https://app.{names.DOMAIN}"
    outside = lambda: looked(
        world, *secure.arguments(), environment={"SSL_CERT_FILE": str(secure.authority)}
    )
    before = len(world.ines.ask("GET", "/api/v1/users/")["users"])
    with trusting(world):
        try:
            secure.start()
            found, findings = outside()
            assert "without the gate" in found[subject, "good"]["found"], findings
            # Nobody asks the gate, and nobody takes the header off.
            secure.start(change=lambda text: text.replace(", check]", "]"))
            found, findings = outside()
            assert "around the gate" in found[subject, "bad"]["found"], findings
        finally:
            secure.stop()
        found, findings = inside(world)
        assert "takes the gate's word" in found["Open WebUI's settings", "good"]["found"], findings
    assert len(world.ines.ask("GET", "/api/v1/users/")["users"]) == before, "it made an account"
