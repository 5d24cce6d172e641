"""Whoever sets Open WebUI up is known to it in several ways, and each that fails says what to do."""

import json
import urllib.request

from doors.processes import free_port
from doors.runner import table

from .fresh import fresh
from .older import Older
from .open_webui import PASSWORD, Person
from .test_setup import wired
from .world import SECRET, TOOL

ADA = "ada@google.example"
HEADER = {"WEBUI_AUTH_TRUSTED_EMAIL_HEADER": "X-User-Email"}


def _file(world, name, text):
    path = world.processes.folder / name
    path.write_text(text)
    return path


def _refused(world, proof, url=None):
    return world.setup(proof=proof, url=url, fails=True)


def _settings(world, **different):
    """Saves these settings of the page of administrators; gives those before."""
    before = world.ines.ask("GET", "/api/v1/auths/admin/config")
    world.ines.ask("POST", "/api/v1/auths/admin/config", {**before, **different})
    return before


def test_a_proof_that_is_no_use_says_what_to_do(_):
    world = fresh()
    token = _file(world, "bad-token", "nonsense\n")
    assert "has ended, was revoked" in _refused(world, ["--admin-token-file", token])
    token.write_text(world.people["alice"].token)
    assert "is no administrator of Open WebUI" in _refused(world, ["--admin-token-file", token])
    password = _file(world, "bad-password", "not this one")
    mail = ["--admin-email", "alice@google.example"]
    said = _refused(world, [*mail, "--admin-password-file", password])
    assert "refuses the e-mail address or the password of alice" in said, said
    said = _refused(world, [*mail, "--trusted-header", "X-User-Email"])
    assert "WEBUI_AUTH_TRUSTED_EMAIL_HEADER=X-User-Email" in said, said
    assert "--admin-email with --trusted-header" in _refused(world, mail)
    body = {"name": "Pia", "email": "pia@google.example", "password": PASSWORD, "role": "pending"}
    pia = world.ines.ask("POST", "/api/v1/auths/add", body)
    proof = ["--admin-email", body["email"], "--admin-password-file", world.password]
    assert "waits to be activated" in _refused(world, proof)
    world.ines.ask("DELETE", f"/api/v1/users/{pia['id']}")


def test_an_api_key_is_a_proof_where_there_are_any(_):
    world = fresh()
    before = _settings(world, ENABLE_API_KEYS=True)
    key = world.ines.ask("POST", "/api/v1/auths/api_key", {})["api_key"]
    proof = ["--admin-token-file", _file(world, "api-key", key)]
    world.setup(proof=proof)
    limits = {"ENABLE_API_KEYS": True, "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS": True}
    _settings(world, **limits, API_KEYS_ALLOWED_ENDPOINTS="/api/config")
    assert "restriction of endpoints" in _refused(world, proof)
    _settings(world, **before)
    assert "ENABLE_API_KEYS=true" in _refused(world, proof)


def test_a_wrong_address_is_named(_):
    world = fresh()
    nobody = f"http://127.0.0.1:{free_port()}"
    said = _refused(world, None, url=nobody)
    assert "nobody answers at" in said, said
    said = _refused(world, None, url=f"{world.open_webui()}/somewhere")
    assert "answers with a page" in said, said
    said = _refused(world, None, url=world.gate())
    assert "is not Open WebUI" in said, said
    assert "must be an address" in _refused(world, None, url="ftp://open-webui")


def test_settings_that_let_anybody_in_are_bad(_):
    world = wired()
    before = _settings(world, ENABLE_SIGNUP=True, DEFAULT_USER_ROLE="admin")
    try:
        bad = world.bad("--no-test")
        assert set(bad) == {"Open WebUI's settings", "default role"}, bad
    finally:
        _settings(world, **before)


@table([("0.6.43", "does not sign who asks"), ("0.9.5", "does not sign who asks")])
def test_an_older_version_is_left_alone(_, version, says):
    world = fresh()
    with Older(version) as older:
        said = world.setup("--apply", url=older.origin, fails=True)
        assert says in said and "nothing was changed" in said, said
        assert older.changes == []


def test_versions_that_were_not_tried_are_said(_):
    world = fresh()
    for version in ("0.10.1", "0.13.0"):
        with Older(version) as older:
            said = world.setup(url=older.origin)
            assert f"Open WebUI {version}" in said and "tried" in said, said


# What differs in the environment, what is bad then, and why.
ENVIRONMENTS = [
    ({"FORWARD_USER_INFO_HEADER_JWT_SECRET": SECRET[::-1]}, "secret", "refuses what Open WebUI"),
    ({"FORWARD_USER_INFO_HEADER_JWT_SECRET": ""}, "secret", "without signing it"),
    ({"ENABLE_FORWARD_USER_INFO_HEADERS": "false"}, "secret", "does not sign who asks"),
    ({"FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS": "120"}, "proof", "expires after 120 seconds"),
]


def test_what_is_wrong_with_the_environment_is_found(_):
    world = wired()
    try:
        for different, subject, says in ENVIRONMENTS:
            world.start_open_webui(**different)
            bad = world.bad()
            assert set(bad) == {subject} and says in bad[subject], (different, bad)
            assert not [it for it in world.accounts() if "gatehall-check" in it]
            assert "gatehall-check" not in world.gatehall("user", "list")
    finally:
        world.start_open_webui()


def test_the_gate_that_is_not_reached_is_found(_):
    world = wired()
    world.processes.stop("gate")
    try:
        assert "cannot reach it" in world.bad()["gate"]
    finally:
        world.start_gate()


def test_somebody_with_an_account_may_be_asked(_):
    world = wired()
    found = world.findings("--as", "alice@google.example", "--as-password-file", world.password)
    text = found[("tools of the test user", "good")]
    assert "3 tools, of google/clock" in text, found
    bad = world.bad("--as", "none@google.example", "--as-password-file", world.password)
    assert "has no account" in bad["test user"], bad
    assert "none@google.example" not in world.accounts()


def test_a_trusted_header_makes_the_first_administrator_when_told_to(_):
    """As behind the gate's ForwardAuth: nobody has a password, and nobody was there before."""
    world = fresh()
    world.ines
    world.gate()
    folder = str(world.processes.folder / "open-webui-behind")
    nobody = {"WEBUI_ADMIN_EMAIL": "", "WEBUI_ADMIN_PASSWORD": "", "DEFAULT_USER_ROLE": "user"}
    try:
        world.start_open_webui(**HEADER, **nobody, DATA_DIR=folder)
        proof = ["--admin-email", ADA, "--trusted-header", "X-User-Email"]
        said = _refused(world, proof)
        assert f"with --apply that is {ADA}" in said, said
        with urllib.request.urlopen(f"{world.open_webui()}/api/config") as answer:
            assert json.load(answer).get("onboarding") is True, "the plan made an account"
        more = ["--open-models", "--bind-admin", "--apply"]
        said = world.setup(*more, proof=proof)
        assert "3 tools, of google/clock" in said and "it is bound to the user" in said, said
        assert "Everything is as it should be" in world.setup(*more, proof=proof)
        found = world.findings("--as", ADA, proof=proof)
        assert "6 tools" in found[("tools of the test user", "good")], found
        # Whom the header names here has no account yet, and gets none by being asked.
        bad = world.bad("--as", "alice@google.example", proof=proof)
        assert "has no account" in bad["test user"], bad
        wrong = ["--admin-email", ADA, "--trusted-header", "X-Other"]
        assert "does not take the header X-Other" in _refused(world, wrong)
        proof_of_password = ["--admin-email", ADA, "--admin-password-file", world.password]
        assert "say which with --trusted-header" in _refused(world, proof_of_password)
        said = _refused(world, ["--admin-email", "bob@microsoft.example", *proof[2:]])
        assert "is no administrator of Open WebUI" in said, said
        said = world.command("undo", "--apply", proof=proof)
        assert "it is unbound" in said, said
        world.start_open_webui(**HEADER, **nobody, DATA_DIR=folder, ENABLE_PASSWORD_AUTH="false")
        assert "ENABLE_PASSWORD_AUTH=false" in _refused(world, proof)
    finally:
        world.start_open_webui()
    assert Person(world.open_webui(), world.ines.email)
    assert world.ines.tools() in ({}, {TOOL: "Gatehall"})
