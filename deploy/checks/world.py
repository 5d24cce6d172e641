"""Traefik as it is shipped, in front of the real gate and of something that echoes in place of Open
WebUI. Only addresses and ports are others than in the Compose file."""

import json
import os
import re
import socket
import ssl
import subprocess
import time
import urllib.request

from doors.client import Jar, read_answer
from doors.processes import Running, free_port
from doors.world import DOORS, GATEHALL, TOOLS

from . import composed

DOMAIN = composed.SET["DOMAIN"]
ADMIN = composed.SET["ADMIN_EMAIL"]
BROWSER = [
    ("Accept", "text/html,application/xhtml+xml"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Site", "none"),
]
SCRIPT = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
# What some test shows, and no log may have.
SECRET = "a-proof-that-no-log-may-have"


class Traefik:
    """One that runs, by its ports."""

    def __init__(self, world, name, profiles="", has_routes=True, **changes):
        self.world, self.name = world, name
        self.plain, self.secure, self.api, self.ping = (free_port() for _ in range(4))
        self.service = composed.read(world.folder, profiles)["services"]["traefik"]
        folder = world.processes.folder / name
        folder.mkdir()
        for source in (composed.FOLDER / "traefik/dynamic").iterdir():
            text = source.read_text()
            for service, port in world.backends.items():
                text = text.replace(f"http://{service}", f"http://127.0.0.1:{port}")
            (folder / source.name).write_text(text)
        certificate = {"certFile": str(world.certificate), "keyFile": str(world.key)}
        tls = json.dumps({"tls": {"certificates": [certificate]}})
        # JSON is YAML, too.
        (folder / "certificates.yaml").write_text(tls)
        command = [self.here(argument, folder) for argument in self.service["command"]]
        command += ["--api.insecure=true", f"--entryPoints.traefik.address=127.0.0.1:{self.api}"]
        command += ["--entryPoints.traefik.http.aliasHeadersStrategy=delete"]
        environment = self.service["environment"] | changes
        environment = {key: str(value) for key, value in environment.items()}
        program = TOOLS / "doors/bin/traefik"
        world.processes.start(name, [program, *command], environment, self.secure)
        self.wait("@file" if has_routes else "@internal")

    def here(self, argument, folder):
        """One argument of the command, for this machine."""
        places = {
            "--entryPoints.web.address=:80": f"--entryPoints.web.address=127.0.0.1:{self.plain}",
            "--entryPoints.websecure.address=:443":
                f"--entryPoints.websecure.address=127.0.0.1:{self.secure}",
            "--entryPoints.ping.address=127.0.0.1:8080":
                f"--entryPoints.ping.address=127.0.0.1:{self.ping}",
            "--providers.file.directory=/etc/traefik/dynamic":
                f"--providers.file.directory={folder}",
            "--certificatesResolvers.acme.acme.storage=/acme/acme.json":
                f"--certificatesResolvers.acme.acme.storage={folder}/acme.json",
            "--api=false": "--api=true",
        }
        # Nobody is asked for certificates.
        if argument.startswith("--certificatesResolvers.acme.acme.caServer="):
            return "--certificatesResolvers.acme.acme.caServer=http://127.0.0.1:9/directory"
        return places.get(argument, argument)

    def wait(self, source):
        for _ in range(200):
            try:
                if any(source in name for name in self.raw()["routers"]):
                    return
            except OSError:
                # It listens before it knows of its own pages.
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} has no routes:\n{self.world.processes.tail(self.name)}")

    def is_well(self):
        """What the health check of the Compose file says, and why."""
        _, program, *arguments = self.service["healthcheck"]["test"]
        assert program == "traefik", program
        command = [TOOLS / "doors/bin/traefik"]
        command += [it.replace("127.0.0.1:8080", f"127.0.0.1:{self.ping}") for it in arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return done.returncode == 0, done.stdout + done.stderr

    def raw(self):
        """What it made of its configuration."""
        address = f"http://127.0.0.1:{self.api}/api/rawdata"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)

    def log(self):
        return self.world.processes.log(self.name).read_text()

    def connect(self, host, seconds=15):
        plain = socket.create_connection(("127.0.0.1", self.secure), seconds)
        context = ssl.create_default_context(cafile=self.world.certificate)
        return context.wrap_socket(plain, server_hostname=host)

    def ask(self, host, target="/", method="GET", headers=(), body=b""):
        """One request over TLS; `host` is a name below the domain."""
        host = f"{host}.{DOMAIN}"
        with self.connect(host) as connection:
            connection.sendall(head(host, target, method, headers, body) + body)
            with connection.makefile("rb") as stream:
                return read_answer(stream, method, f"https://{host}{target}")


def head(host, target, method="GET", headers=(), body=b""):
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    if "connection" not in given:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class World(Running):
    def __init__(self):
        super().__init__()
        self.tools = TOOLS
        self.folder = composed.copy(self.processes.folder / "compose")
        self._made = {}

    def _once(self, name, make):
        if name not in self._made:
            try:
                self._made[name] = make()
            except Exception as error:
                # Whoever needs it next is told at once.
                self._made[name] = error
        made = self._made[name]
        if isinstance(made, Exception):
            raise made
        return made

    @property
    def certificate(self):
        return self._once("certificate", self._make_certificate)

    @property
    def key(self):
        return self.certificate.with_suffix(".key")

    def _make_certificate(self):
        path = self.processes.folder / "own.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        command += ["ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={DOMAIN}"]
        command += ["-addext", f"subjectAltName=DNS:*.{DOMAIN}"]
        command += ["-keyout", path.with_suffix(".key"), "-out", path]
        subprocess.run(command, check=True, capture_output=True)
        return path

    @property
    def backends(self):
        return {
            "gatehall:8080": self.gate,
            "open-webui:8080": self.echo("open-webui"),
            "authentik-server:9000": self.echo("authentik"),
        }

    def echo(self, name):
        def start():
            port = free_port()
            command = [TOOLS / "python/bin/python", DOORS / "backend.py", "--port", port]
            self.processes.start(f"echo-{name}", command, port=port)
            return port

        return self._once(f"echo-{name}", start)

    def recorded(self, name="open-webui"):
        """The requests that reached what echoes, since the last call."""
        address = f"http://127.0.0.1:{self.echo(name)}/_recorded"
        with urllib.request.urlopen(address, timeout=10) as answer:
            requests = json.load(answer)
        urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=10).close()
        return requests

    # The gate, with the variables that the Compose file gives it.

    @property
    def data(self):
        return self.processes.folder / "data"

    def environment(self):
        given = composed.read(self.folder)["services"]["gatehall"]["environment"]
        places = ("GATEHALL_DATABASE", "GATEHALL_DATA_DIR", "GATEHALL_LISTEN", "GATEHALL_VAULT_KEYS")
        kept = {
            key: str(value)
            for key, value in given.items()
            if key not in places and not key.endswith("_FILE")
        }
        return kept | {
            "GATEHALL_ALLOWED_HOSTS": given["GATEHALL_ALLOWED_HOSTS"] + ",127.0.0.1",
            "GATEHALL_TRUSTED_PROXIES": "127.0.0.0/8",
            "GATEHALL_OPEN_WEBUI_SECRET": "the secret of these checks 0123456789",
        }

    def gatehall(self, *arguments, **environment):
        command = [GATEHALL, "--data-dir", self.data, *arguments]
        return self.processes.run("commands", command, self.environment() | environment)

    @property
    def gate(self):
        return self._once("gate", self._start_gate)

    def _start_gate(self):
        secret = self.processes.folder / "provider_client_secret"
        secret.write_text("a secret of the provider")
        text = (composed.FOLDER / "company.toml").read_text()
        company = self.processes.folder / "company.toml"
        company.write_text(text.replace("/run/secrets/provider_client_secret", str(secret)))
        prepare = composed.read(self.folder)["services"]["gatehall-prepare"]
        command = [it for it in prepare["command"] if not it.startswith("/etc/")]
        filling = {it: value for it, value in prepare["environment"].items() if "GATEHALL" not in it}
        self.gatehall(*command, company, **filling)
        port = free_port()
        serve = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.data]
        self.processes.start("gate", serve, self.environment(), port)
        return port

    @property
    def traefik(self):
        return self._once("traefik", lambda: Traefik(self, "traefik"))

    def another_traefik(self, name, profiles="", has_routes=True, **changes):
        """One more, whose environment differs."""
        return self._once(name, lambda: Traefik(self, name, profiles, has_routes, **changes))

    def session(self):
        """The cookie of somebody who is signed in."""
        return self._once("session", self._sign_in)

    def _sign_in(self):
        # The gate has to be there before its store is asked for a link.
        traefik = self.traefik
        said = self.gatehall("admin", "link", ADMIN)
        link = re.search(rf"https://admin\.{re.escape(DOMAIN)}(/sign-in/link/\S+)", said).group(1)
        own = [*BROWSER[:3], ("Sec-Fetch-Site", "same-origin"), ("Origin", f"https://admin.{DOMAIN}")]
        answer = traefik.ask("admin", link, "POST", own)
        if answer.status != 303:
            raise AssertionError(f"nobody got in: {answer}")
        jar = Jar()
        for line in answer.all("set-cookie"):
            jar.take(f"admin.{DOMAIN}", line)
        return "; ".join(jar.sent(f"app.{DOMAIN}", "/"))
