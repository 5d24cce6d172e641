"""The images that the deployment names, each stood in for by the real program in a root of its own."""

import concurrent.futures
import subprocess
import sys

from .engine import run
from .place import COMPOSE_TESTS

# What the names of images begin with, and what stands in for them.
KINDS = {
    "traefik": "traefik",
    "pgvector/pgvector": "postgres",
    "valkey/valkey": "valkey",
    "ghcr.io/open-webui/open-webui": "open-webui",
    "gatehall": "gatehall",
}


def kind(image):
    name = image.partition("@")[0].rpartition(":")[0]
    return KINDS[name]


def build(images):
    """Makes all that are not there, side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # What takes long comes first.
        order = sorted(set(images), key=lambda it: kind(it) != "open-webui")
        list(pool.map(_build, order))


def _build(image):
    print(f"image {image}", file=sys.stderr, flush=True)
    run([COMPOSE_TESTS / "images/build", kind(image), image], seconds=1200)


def version(image):
    """What the program of an image says of itself."""
    commands = {
        "traefik": ["traefik", "version"],
        "postgres": ["postgres", "--version"],
        "valkey": ["valkey-server", "--version"],
    }
    command = commands[kind(image)]
    done = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", command[0], image, *command[1:]],
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr
