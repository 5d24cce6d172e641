"""The Compose file as Compose itself reads it."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "compose"
SOURCE = (FOLDER / "compose.yaml").read_text()
EXAMPLE = (FOLDER / ".env.example").read_text()
PROFILES = ("authentik", "mcp-examples")

# What .env.example leaves to be set.
SET = {
    "ADMIN_EMAIL": "ines@company.example",
    "PEOPLE_DOMAINS": "company.example",
    "ACME_EMAIL": "ops@company.example",
    "PROVIDER_PROFILE": "generic",
    "PROVIDER_ISSUER": "https://id.company.example/",
    "PROVIDER_CLIENT_ID": "gatehall",
    "DOMAIN": "company.example",
}


def variables():
    """Name, value and the comment before it, as .env.example has them."""
    comment, found = [], []
    for line in EXAMPLE.splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif "=" in line:
            name, _, value = line.partition("=")
            found.append((name, value, " ".join(comment)))
            continue
        else:
            comment = []
    return found


def write_env(folder, **changes):
    values = {name: value for name, value, _ in variables()} | SET | changes
    lines = [f"{name}={value}" for name, value in values.items() if value is not None]
    (folder / ".env").write_text("\n".join(lines) + "\n")


def copy(folder):
    """The folder as somebody has it who filled in .env."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(".env", "secrets"))
    (folder / "secrets").mkdir()
    (folder / "secrets/open-webui.env").touch()
    write_env(folder)
    return folder


def config(folder, *arguments, profiles=""):
    """`docker compose config`, with nothing of this process's environment that it would take."""
    kept = ("PATH", "HOME", "DOCKER_CONFIG")
    env = {name: value for name, value in os.environ.items() if name in kept}
    if profiles:
        env["COMPOSE_PROFILES"] = profiles
    command = ["docker", "compose", "config", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@functools.cache
def read(folder, profiles=""):
    done = config(folder, "--format", "json", profiles=profiles)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def size(text):
    """Bytes of a size, which Compose writes as a number."""
    number, unit = re.fullmatch(r"(\d+)([bkmg]?)", str(text)).groups()
    return int(number) * 1024 ** "bkmg".index(unit or "b")
