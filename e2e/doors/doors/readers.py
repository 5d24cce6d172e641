"""Real programs behind the proxies, which read paths each in its own way, and say what they read:
the handler `engine`, or `other`."""

from . import proxies
from .world import DOORS, TOOLS

READERS = DOORS / "readers"
NAMES = ["express", "go", "php", "starlette", "lenient", "hypercorn"]


def command(world, name, port):
    python = TOOLS / "python/bin/python"
    if name == "express":
        return ["node", READERS / "express.mjs", port]
    if name == "go":
        program = world.processes.folder / "go-reader"
        if not program.exists():
            build = ["go", "build", "-o", program, READERS / "go.go"]
            world.processes.run("go-build", build, {"GO111MODULE": "off"}, seconds=240)
        return [program, port]
    if name == "php":
        return ["php", "-q", "-S", f"127.0.0.1:{port}", "-t", READERS / "php"]
    if name == "hypercorn":
        hypercorn = [TOOLS / "doors/bin/python", "-m", "hypercorn", "--bind", f"127.0.0.1:{port}"]
        return [*hypercorn, "--log-level", "warning", "asgi:app"]
    return [python, READERS / {"starlette": "starlette_app.py"}.get(name, f"{name}.py"), port]


def start(world, name):
    """The port of the reader, started at the first use."""
    port = world.port(f"reader-{name}")
    if f"reader-{name}" not in world.processes.running:
        environment = {"GATEHALL_TEST_TOOLS": str(TOOLS), "PYTHONPATH": str(READERS)}
        world.processes.start(
            f"reader-{name}", command(world, name, port), environment, port, seconds=60
        )
    return port


def several(text):
    """The shown configuration of nginx with a server of its own for each backend's host, which says
    in its answers that it served them."""
    head, hosts, tail = split(text)
    begin, end = head.rindex("server {"), tail.index("\n}\n") + 3
    servers = [
        head[begin:] + f"server_name {host};\nadd_header X-Served {host} always;" + tail[:end]
        for host in hosts
    ]
    return head[:begin] + "".join(servers) + tail[end:]


def split(text):
    """What is before and behind the list of names of the checked server, and the names."""
    begin = text.index("server_name app.")
    end = text.index(";", begin)
    return text[:begin], text[begin:end].split()[1:], text[end + 1 :]


def proxy(world, kind, reader, change=None, name=None):
    """A proxy of this kind between Gatehall and a reader."""
    world.gate()
    name = name or f"{kind}-{reader}"
    if name not in world.processes.running:
        backend, gate = start(world, reader), world.port("gate")
        port = world.port(name)
        proxies.start(world.processes, TOOLS, kind, port, gate, backend, name, change)
    return world.port(name)


def proxy_with_http2(world, kind, reader):
    """One that speaks HTTP/2 without TLS, at the port that is given back."""
    if kind in ("envoy", "traefik"):
        return proxy(world, kind, reader)
    name = f"{kind}-{reader}-http2"
    if kind == "caddy":
        protocols = "auto_https off\n\tservers {\n\t\tprotocols h1 h2 h2c\n\t}"
        change = lambda text: text.replace("auto_https off", protocols)
        return proxy(world, kind, reader, change, name)
    # nginx does so at a port of its own.
    port = world.port(f"{name}-itself")
    both = f"listen {{{{PORT}}}};\n    listen {port} http2;"
    change = lambda text: several(text).replace("listen {{PORT}};", both)
    proxy(world, kind, reader, change, name)
    return port
