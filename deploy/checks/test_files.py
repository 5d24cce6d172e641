"""The files themselves: what Compose says of them, their variables, and what has to agree."""

import re
import subprocess
import tomllib

from doors.runner import table

from . import composed

NAME = re.compile(r"\$\{([A-Z0-9_]+)")
REQUIRED = (
    "DOMAIN ADMIN_EMAIL PEOPLE_DOMAINS ACME_EMAIL PROVIDER_PROFILE PROVIDER_ISSUER"
    " PROVIDER_CLIENT_ID OPENAI_API_BASE_URL GATEHALL_IMAGE TRAEFIK_IMAGE OPEN_WEBUI_IMAGE"
    " POSTGRES_IMAGE VALKEY_IMAGE"
).split()


@table([("",), *((each,) for each in composed.PROFILES), (",".join(composed.PROFILES),)])
def test_compose_takes_the_file(world, profiles):
    done = composed.config(world.folder, "--quiet", profiles=profiles)
    assert done.returncode == 0 and not done.stderr, done.stderr


@table([(name,) for name in REQUIRED])
def test_what_is_missing_is_named(world, name):
    try:
        composed.write_env(world.folder, **{name: None})
        done = composed.config(world.folder, "--quiet")
        assert done.returncode != 0, "it would start without"
        assert name in done.stderr, done.stderr
    finally:
        composed.write_env(world.folder)


def test_every_variable_is_explained_and_used(world):
    used = set(NAME.findall(composed.SOURCE))
    explained = {name for name, _, _ in composed.variables()}
    assert used - explained == set(), "not in .env.example"
    assert explained - used == set(), "used by nobody"
    for name, _, comment in composed.variables():
        assert len(comment) > 20, f"{name} has no explanation"


def test_what_is_used_without_a_value_has_the_one_of_the_example(world):
    values = {name: value for name, value, _ in composed.variables()}
    for name, default in re.findall(r"\$\{([A-Z0-9_]+):?-([^}]*)\}", composed.SOURCE):
        assert values[name] == default, f"{name}: {values[name]} and {default}"


def test_images_have_a_tag_that_says_a_version(world):
    for name, value, _ in composed.variables():
        if name.endswith("_IMAGE"):
            repository, _, tag = value.rpartition(":")
            assert repository and re.search(r"\d", tag) and "@" not in value, f"{name}={value}"


def test_the_style_is_that_of_dclint(world):
    off = [
        # The order here is that of meaning.
        "service-keys-order",
        "services-alphabetical-order",
        "top-level-properties-order",
        "service-dependencies-alphabetical-order",
        "service-ports-alphabetical-order",
        # The tags are in .env.example, and two doors are for everybody.
        "service-image-require-explicit-tag",
        "no-unbound-port-interfaces",
    ]
    command = ["node", world.tools / "deploy/node_modules/.bin/dclint", "--max-warnings=0"]
    command += [f"--disable-rule={rule}" for rule in off]
    file = composed.FOLDER / "compose.yaml"
    done = subprocess.run([*command[:2], file, *command[2:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@table([(str(path.relative_to(composed.FOLDER)),) for path in sorted(composed.FOLDER.rglob("*.sh"))] + [("gatehall",), ("pin",)])  # fmt: skip
def test_scripts_can_be_read_by_a_plain_shell(world, name):
    subprocess.run(["sh", "-n", composed.FOLDER / name], check=True)
    assert (composed.FOLDER / name).read_text().startswith("#!/bin/sh\n")


def test_the_application_in_authentik_is_the_provider_of_the_gate(world):
    company = tomllib.loads((composed.FOLDER / "company.toml").read_text())
    provider = company["providers"][0]["id"]
    blueprint = (composed.FOLDER / "authentik/gatehall.yaml").read_text()
    assert f"/oauth2/backchannel-logout/{provider}" in blueprint
    assert "https://admin.%s/oauth2/callback" in blueprint
    assert not company["providers"][0].get("own_callback")
    # But for the addresses and the secret, the same as the one for an Authentik elsewhere.
    page = composed.FOLDER.parents[1] / "docs/providers/authentik-blueprint.yaml"
    for line in page.read_text().splitlines():
        own = "url" in line or "uri:" in line or "secret:" in line or line.startswith("#")
        if not own and "The last part" not in line:
            assert line in blueprint, line
