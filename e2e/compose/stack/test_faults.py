"""What a server may have against it: each is said in words, and a second run mends it."""

import contextlib
import subprocess
import sys

from doors.runner import table

from . import engine, inside
from .deployment import until
from .test_mending import is_well

LISTEN = "import socket; s = socket.create_server(('0.0.0.0', 80)); input()"


@contextlib.contextmanager
def taken(deployment):
    """Somebody else has port 80."""
    deployment.compose("rm", "--stop", "--force", "traefik")
    deployment_port = [[engine.address(), 80]]


    enter = ["nsenter", "--net", "--target", str(engine.first_process())]
    other = subprocess.Popen([*enter, sys.executable, "-c", LISTEN], stdin=subprocess.PIPE)
    try:
        until("port 80 is taken", lambda: inside.probe(None, deployment_port)[0])
        yield
    finally:
        other.stdin.close()
        other.wait()


def test_port_80_is_taken(world):
    deployment = world.deployment
    with taken(deployment):
        said = deployment.up(fails=True)
        assert "80" in said and "address already in use" in said, said
    deployment.up()
    is_well(world)


def in_volume(deployment, volume, script):
    """Runs a script as root with a volume at /volume."""
    image = deployment.value("POSTGRES_IMAGE")
    name = f"gatehall_{volume}:/volume"
    return engine.docker("run", "--rm", "--volume", name, "--entrypoint", "sh", image, "-euc", script)


def test_a_database_of_another_major_version(world):
    deployment = world.deployment
    deployment.compose("stop", "postgres")
    file = "/volume/pgdata/PG_VERSION"
    in_volume(deployment, "postgres", f"cp -p {file} {file}.kept; echo 16 > {file}")
    try:
        deployment.up("postgres", fails=True)
        said = deployment.compose("logs", "--no-color", "--tail", "5", "postgres")
        assert "is of PostgreSQL 16, and this image is PostgreSQL 17" in said, said
        assert "POSTGRES_IMAGE" in said and "dump" in said, said
    finally:
        in_volume(deployment, "postgres", f"mv {file}.kept {file}")
    deployment.up()
    is_well(world)


@table(
    [
        ("DOMAIN", "the domain of the company"),
        ("ADMIN_EMAIL", "the address of the first administrator"),
        ("PROVIDER_ISSUER", "the issuer of the provider"),
        ("PEOPLE_DOMAINS", "the domains of the people's addresses"),
        ("OPENAI_API_BASE_URL", "the address of an OpenAI-compatible model endpoint"),
        ("ACME_EMAIL", "the address that is told of trouble"),
    ]
)
def test_a_setting_that_is_missing(world, name, words):
    deployment = world.deployment
    before = deployment.value(name)
    deployment.set(**{name: ""})
    try:
        said = deployment.up(fails=True)
    finally:
        deployment.set(**{name: before})
    assert name in said and words in said, said


def test_a_secret_that_is_missing(world):
    """It says which, and `gatehall init compose` makes what is missing without touching the rest."""
    deployment = world.deployment
    path = deployment.secrets / "valkey_password"
    kept = path.read_text()
    path.unlink()
    try:
        said = deployment.compose("up", "--detach", "--force-recreate", "--no-deps", "valkey", fails=True)
        assert "valkey_password" in said, said
    finally:
        path.write_text(kept)
        path.chmod(0o444)
    deployment.up()
    is_well(world)


@table([("gatehall_database_password",), ("open_webui_database_password",)])
def test_a_secret_that_is_empty(world, name):
    deployment = world.deployment
    path = deployment.secrets / name
    kept = path.read_text()
    path.chmod(0o600)
    path.write_text("")
    try:
        deployment.compose("up", "--detach", "--force-recreate", "--no-deps", "postgres-prepare")
        container = deployment.container("postgres-prepare")
        until("it ended", lambda: engine.inspect(container)["State"]["Status"] == "exited")
        assert engine.inspect(container)["State"]["ExitCode"] != 0
        said = deployment.compose("logs", "--no-color", "postgres-prepare")
        assert f"secrets/{name} is empty: write a password into it" in said, said
    finally:
        path.write_text(kept)
        path.chmod(0o444)
    deployment.up()
    is_well(world)


def test_a_password_that_was_changed_in_one_place(world):
    """The roles get what is in secrets/ now; programs that have the old one are started anew."""
    deployment = world.deployment
    path = deployment.secrets / "gatehall_database_password"
    kept = path.read_text()
    path.chmod(0o600)
    path.write_text("0" * 48)
    path.chmod(0o444)
    try:
        deployment.up("--force-recreate", "postgres-prepare", "gatehall-prepare", "gatehall")
        is_well(world)
    finally:
        path.chmod(0o600)
        path.write_text(kept)
        path.chmod(0o444)
    deployment.up("--force-recreate", "postgres-prepare", "gatehall-prepare", "gatehall")
    is_well(world)
