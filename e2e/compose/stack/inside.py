"""What containers listen at, and what can be reached from inside them."""

import json
import pathlib
import sys

from . import engine

PROBE = pathlib.Path(__file__).with_name("probe.py")
LISTENS = "0A"


def listening(process):
    """The TCP ports at which a container listens for others."""
    ports = set()
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, port = local.split(":")
            # 127.0.0.0/8 and ::1, as the kernel writes them.
            own = address.endswith("7F") if len(address) == 8 else address == f"{'0' * 24}01000000"
            if state == LISTENS and not own:
                ports.add(int(port, 16))
    return ports


def addresses(container):
    """The addresses of a container, in each of its networks."""
    networks = engine.inspect(container)["NetworkSettings"]["Networks"].values()
    return [it["IPAddress"] for it in networks if it["IPAddress"]]


def probe(process, targets, names=()):
    """(targets that take a connection, names that are known), seen from a process's network."""
    asked = json.dumps({"addresses": targets, "names": list(names)})
    enter = ["nsenter", "--net", "--target", process] if process else []
    said = json.loads(engine.run([*enter, sys.executable, PROBE], input=asked.encode()))
    open_ = [target for target, is_open in zip(targets, said["open"]) if is_open]
    return open_, {name for name, known in said["known"].items() if known}
