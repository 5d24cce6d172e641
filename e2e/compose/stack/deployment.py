"""A copy of deploy/compose that is set up as its pages say, and the commands of Compose on it."""

import json
import os
import shutil

from chat.signed_in import SignedIn

from . import engine
from .internet import LOGIN, MODELS
from .place import DEPLOYMENT, GATEHALL, ROOT, TOOLS
from .visitor import Stranger

DOMAIN = "company.example"
ADMIN = "ada@company.example"

# What is not in a real deployment: the tests' authority is believed, the internet is on a machine that
# no name server knows, and there is a tool server in the network that is meant for one. The
# packages of Open WebUI are those of this machine: its stand-in would be made for minutes with them.
# Health is looked at more often, since everything waits for it; deploy/check knows how often it is
# shipped.
OVERRIDE = """\
x-outside: &outside
  environment: {{ SSL_CERT_FILE: /authority.pem }}
  extra_hosts: ["{login}:{address}", "{models}:{address}"]
x-watched: &watched
  healthcheck: {{ interval: 2s }}
services:
  traefik: *watched
  postgres: *watched
  valkey: *watched
  gatehall:
    <<: [*outside, *watched]
    volumes: ["./authority.pem:/authority.pem:ro"]
  open-webui:
    <<: [*outside, *watched]
    volumes:
      - ./authority.pem:/authority.pem:ro
      - "{packages}:/usr/local/lib/{python}/dist-packages:ro"
      - "{packages}/open_webui:/app/backend/open_webui:ro"
      - "{packages}/open_webui/frontend:/app/build:ro"
  tool:
    image: ${{OPEN_WEBUI_IMAGE}}
    command: [python, /tool_server.py, --port, "9000", headers]
    init: true
    volumes: ["{tool}:/tool_server.py:ro"]
    networks: [gatehall-time]
    mem_limit: 64m
"""


class Deployment:
    def __init__(self, folder, internet, authority, different=None):
        self.folder, self.internet, self.authority = folder, internet, authority
        shutil.copytree(DEPLOYMENT, folder)
        self.secrets = folder / "secrets"
        self._set_up(different or {})

    # Its files.

    def _set_up(self, different):
        self._init()
        # Nobody is there, so that nothing is asked of a real authority.
        self.set(ACME_CA_SERVER=f"https://{self.internet.address}:1/directory", **different)
        shutil.copy(self.authority.certificate, self.folder / "authority.pem")
        dynamic = self.folder / "traefik/dynamic"
        hosts = [f"{it}.{DOMAIN}" for it in ("app", "mcp", "admin", "auth")]
        for file, name in zip(self.authority.certify("server", *hosts), ("pem", "key")):
            shutil.copy(file, dynamic / f"tests.{name}")
            (dynamic / f"tests.{name}").chmod(0o644)
        (dynamic / "tests.yaml").write_text(CERTIFICATE)
        packages = next((TOOLS / "chat/lib").glob("python3.*/site-packages"))
        text = OVERRIDE.format(
            packages=packages,
            python=packages.parent.name,
            login=LOGIN,
            models=MODELS,
            address=self.internet.address,
            tool=ROOT / "e2e/tool_server.py",
        )
        (self.folder / "compose.override.yaml").write_text(text)

    def _init(self):
        """The command that writes settings and secrets, with all that it would ask."""
        said = {
            "domain": DOMAIN,
            "admin-email": ADMIN,
            "people-domains": DOMAIN,
            "acme-email": ADMIN,
            "provider": "generic",
            "provider-issuer": self.internet.issuer,
            "provider-client-id": "gatehall",
            "openai-api-base-url": self.internet.model,
            "default-model": "told",
        }
        options = [part for name, value in said.items() for part in (f"--{name}", value)]
        secrets = {
            "GATEHALL_PROVIDER_CLIENT_SECRET": "secret-of-the-client-0123456789abcdef",
            "GATEHALL_OPENAI_API_KEY": "a-key-of-the-model-0123456789",
        }
        self.init_again(*options, env={**os.environ, **secrets})

    def init_again(self, *options, **more):
        """The same, which knows by now what there is to know."""
        return engine.run([GATEHALL, "init", "compose", "--folder", self.folder, *options], **more)

    def lose(self, *kept):
        """Takes everything away but this."""
        for path in self.folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def set(self, **values):
        """Changes lines of .env."""
        path = self.folder / ".env"
        lines = path.read_text().splitlines()
        for name, value in values.items():
            found = [number for number, line in enumerate(lines) if line.startswith(f"{name}=")]
            if not found:
                raise RuntimeError(f".env has no {name}")
            lines[found[0]] = f"{name}={value}"
        path.write_text("\n".join(lines) + "\n")

    def value(self, name):
        lines = (self.folder / ".env").read_text().splitlines()
        return next(it.partition("=")[2] for it in lines if it.startswith(f"{name}="))

    def secret(self, name):
        return (self.secrets / name).read_text().strip()

    # Commands.

    def run(self, command, **more):
        """Runs a command in the deployment's folder."""
        return engine.run(command, cwd=self.folder, **more)

    def compose(self, *arguments, **more):
        return self.run(["docker", "compose", *arguments], **more)

    def up(self, *services, **more):
        """The command that deploys, and that mends."""
        more.setdefault("seconds", 400)
        wait = ["up", "--detach", "--wait", "--wait-timeout", "300"]
        return self.compose(*wait, *services, **more)

    def gatehall(self, *arguments, **more):
        return self.compose("exec", "-T", "gatehall", "/gatehall", *arguments, **more)

    def images(self):
        return self.compose("config", "--images").split()

    def configuration(self):
        return json.loads(self.compose("config", "--format", "json"))

    # Its containers.

    def containers(self):
        """Service -> what Compose says of its container."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {it["Service"]: it for it in map(json.loads, lines)}

    def container(self, service):
        found = self.compose("ps", "--all", "--quiet", "--no-trunc", service).split()
        if len(found) != 1:
            raise AssertionError(f"{service} has {len(found)} containers")
        return found[0]

    def inspect(self, service):
        return engine.inspect(self.container(service))

    def process(self, service):
        """The first process of a service, as this machine counts."""
        return engine.processes(self.container(service))[0]

    def long_running(self):
        return [
            name
            for name, each in self.configuration()["services"].items()
            if each.get("restart") == "unless-stopped"
        ]

    # From outside.

    def stranger(self):
        here = {f"{it}.{DOMAIN}": engine.address() for it in ("app", "mcp", "admin", "auth")}
        return Stranger({**here, LOGIN: self.internet.address}, self.authority.certificate)

    def url(self, host, path="/"):
        return f"https://{host}.{DOMAIN}{path}"

    def person(self, account):
        """Somebody who signs in at the provider and opens the chat."""
        return SignedIn(self.stranger(), self.url("app", ""), account)


CERTIFICATE = """\
tls:
  certificates:
    - certFile: /etc/traefik/dynamic/tests.pem
      keyFile: /etc/traefik/dynamic/tests.key
"""
