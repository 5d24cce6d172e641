"""What a server may have against it: each is said in words, and a second run mends it."""

import contextlib
import subprocess
import sys

from doors.processes import until
from doors.runner import table

from . import engine, inside
from .test_mending import is_well

LISTEN = "import socket, sys; s = socket.create_server(('0.0.0.0', 80)); sys.stdin.read()"


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
    return engine.docker(
        "run", "--rm", "--volume", name, "--entrypoint", "sh", image, "-euc", script
    )


def test_a_database_of_another_major_version(world):
    deployment = world.deployment
    data = deployment.configuration()["services"]["postgres"]["environment"]["PGDATA"]
    file = f"{data.replace('/var/lib/postgresql/data', '/volume')}/PG_VERSION"
    deployment.compose("stop", "postgres")
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


@contextlib.contextmanager
def small_disk(deployment, service):
    """What the service keeps lies on a disk of its own with this much room beside; gives the disk."""
    volume = deployment.configuration()["volumes"][service]["name"]
    place = engine.docker("volume", "inspect", "--format", "{{ .Mountpoint }}", volume).strip()
    kept = f"{place}.kept"
    deployment.compose("stop", service)
    engine.at_the_disks(f"""
        cp -a {place} {kept}
        mount -t tmpfs -o size=$(($(du -sm {kept} | cut -f1) + 64))m tests {place}
        cp -a {kept}/. {place}
        chown --reference={kept} {place} && chmod --reference={kept} {place}
    """)
    try:
        yield place
    finally:
        deployment.compose("stop", service)
        engine.at_the_disks(f"""
            rm -rf {kept}
            cp -a {place} {kept}
            umount {place}
            find {place} -mindepth 1 -delete
            cp -a {kept}/. {place}
            rm -rf {kept}
        """)


def test_a_disk_that_is_full(world):
    deployment = world.deployment
    with small_disk(deployment, "postgres") as disk:
        engine.at_the_disks(f"head -c 4G /dev/zero > {disk}/ballast || true")
        deployment.up("postgres", fails=True)
        said = deployment.compose("logs", "--no-color", "--tail", "20", "postgres")
        assert "No space left on device" in said, said
        engine.at_the_disks(f"rm {disk}/ballast")
        deployment.up()
        is_well(world)
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
    """Compose says which; what makes the others makes it anew, and leaves the others as they are."""
    deployment = world.deployment
    before = secrets(deployment)
    (deployment.secrets / "valkey_password").unlink()
    valkey = ["up", "--detach", "--force-recreate", "--no-deps", "valkey"]
    said = deployment.compose(*valkey, fails=True)
    assert "valkey_password" in said, said
    deployment.init_again()
    after = secrets(deployment)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"valkey_password", "open-webui.env"}, changed
    deployment.up("--force-recreate", "valkey", "open-webui")
    is_well(world)


@table([("valkey_password", "short"), ("open_webui_user_secret", "changeme"), ("vault.keys", "")])
def test_a_secret_that_is_weak(world, name, value):
    deployment = world.deployment
    with secret(deployment, name, value):
        said = deployment.init_again(fails=True)
        assert f"secrets/{name}" in said, said
    deployment.init_again()


def test_every_secret_is_replaced(world):
    """As `gatehall init compose --rotate` says it; nobody's data is lost by it."""
    deployment = world.deployment
    before = secrets(deployment)
    alice = world.person("alice")
    chat = alice.ask("POST", "/api/v1/chats/new", {"chat": {"title": "old", "messages": []}})["id"]
    for name in ROTATED:
        deployment.init_again("--rotate", name)
    after = secrets(deployment)
    assert all(after[name] != before[name] for name in ROTATED)
    deployment.up("--force-recreate")
    # Sign-ins at the gate outlast it, those at the chat do not.
    world.forget_people()
    is_well(world)
    assert world.person("alice").ask("GET", f"/api/v1/chats/{chat}")["title"] == "old"


ROTATED = [
    "gatehall_database_password",
    "open_webui_database_password",
    "open_webui_secret_key",
    "open_webui_user_secret",
    "postgres_password",
    "valkey_password",
]


def secrets(deployment):
    return {path.name: path.read_text() for path in deployment.secrets.iterdir()}


@contextlib.contextmanager
def secret(deployment, name, value):
    """For a while the secret is another one."""
    path = deployment.secrets / name
    kept, mode = path.read_text(), path.stat().st_mode
    path.chmod(0o600)
    path.write_text(value)
    try:
        yield
    finally:
        path.write_text(kept)
        path.chmod(mode & 0o777)


@table([("gatehall_database_password",), ("open_webui_database_password",)])
def test_a_secret_that_is_empty(world, name):
    deployment = world.deployment
    with secret(deployment, name, ""):
        deployment.compose("up", "--detach", "--force-recreate", "--no-deps", "postgres-prepare")
        container = deployment.container("postgres-prepare")
        until("it ended", lambda: engine.inspect(container)["State"]["Status"] == "exited")
        assert engine.inspect(container)["State"]["ExitCode"] != 0
        said = deployment.compose("logs", "--no-color", "postgres-prepare")
        assert f"secrets/{name} is empty: write a password into it" in said, said
    deployment.up()
    is_well(world)
