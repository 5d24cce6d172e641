"""Starts each real proxy with the very configuration that the documentation shows."""

import pathlib
import shutil
import time

from . import names
from .client import send

CONFIGURATIONS = pathlib.Path(__file__).resolve().parents[1] / "proxies"

# What a distribution's nginx has around the shown lines.
NGINX_AROUND = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {configuration};
}}
"""

FILES = {
    "traefik": ["traefik.yaml", "traefik-dynamic.yaml"],
    "nginx": ["nginx.conf", "nginx-names.conf"],
    "nginx-oauth2": ["nginx-oauth2.conf", "nginx-names.conf"],
    "caddy": ["Caddyfile"],
    "envoy": ["envoy.yaml"],
}
# The file that a test may change, where it is not the first.
CHANGED = {"traefik": "traefik-dynamic.yaml"}


def program(tools, name):
    if name == "traefik":
        return tools / "doors/bin/traefik"
    if name == "envoy":
        # The installed script only starts this program and does not pass signals on.
        return next((tools / "doors/lib").glob("python3*/site-packages/envoy/_bin/envoy"))
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise RuntimeError(f"{name} is not installed; see e2e/doors/install")
    return found


def fill(kind, folder, port, gate, backend, change):
    """Writes the kind's configuration with its placeholders filled in; gives the first file."""
    folder.mkdir(parents=True)
    values = {
        "PORT": port,
        "FOLDER": folder,
        "GATE": f"127.0.0.1:{gate}",
        "GATE_ADDRESS": "127.0.0.1",
        "GATE_PORT": gate,
        "BACKEND": f"127.0.0.1:{backend}",
        "BACKEND_ADDRESS": "127.0.0.1",
        "BACKEND_PORT": backend,
    }
    for name in FILES[kind]:
        text = (CONFIGURATIONS / name).read_text()
        if change and name == CHANGED.get(kind, FILES[kind][0]):
            text = change(text)
        for key, value in values.items():
            text = text.replace("{{" + key + "}}", str(value))
        if "{{" in text:
            raise RuntimeError(f"{name} has an unknown placeholder")
        (folder / name).write_text(text)
    return folder / FILES[kind][0]


def command(kind, tools, folder, configuration):
    if kind == "traefik":
        return [program(tools, "traefik"), f"--configFile={configuration}"]
    if kind == "caddy":
        return [program(tools, "caddy"), "run", "--adapter", "caddyfile", "--config", configuration]
    if kind == "envoy":
        return [
            program(tools, "envoy"),
            "--disable-hot-restart",
            "--concurrency",
            "2",
            "--log-level",
            "warning",
            "--config-path",
            configuration,
        ]
    around = folder / "around.conf"
    around.write_text(NGINX_AROUND.format(folder=folder, configuration=configuration))
    return [program(tools, "nginx"), "-p", folder, "-c", around]


def start(processes, tools, kind, port, gate, backend, name=None, change=None):
    """`change` gets the text of the shown configuration, and gives the one that runs."""
    name = name or kind
    folder = processes.folder / name
    configuration = fill(kind, folder, port, gate, backend, change)
    # Caddy keeps files in its home.
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    processes.start(name, command(kind, tools, folder, configuration), env=home, port=port)
    # Traefik listens before it has read who goes where.
    for _ in range(100):
        if send(port, "/", f"app.{names.DOMAIN}").status != 404:
            return port
        time.sleep(0.05)
    raise RuntimeError(f"{name} has no routes:\n{processes.tail(name)}")
