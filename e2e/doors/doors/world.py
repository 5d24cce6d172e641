"""The world of the tests: Gatehall, providers, proxies and a backend, started when first needed."""

import json
import os
import pathlib
import time
import urllib.parse
import urllib.request

from . import names, proxies
from .check import Check
from .client import Visitor
from .processes import Running, free_port, own_address

DOORS = pathlib.Path(__file__).resolve().parents[1]
ROOT = DOORS.parents[1]
TOOL_SERVER = ROOT / "e2e/tool_server.py"
TOOLS = pathlib.Path(os.environ.get("GATEHALL_TEST_TOOLS", ROOT / ".cache/tools")).resolve()
# Tool servers run as whoever runs the tests: they lie where nobody else may be able to enter.
os.environ.setdefault("GATEHALL_STDIO_UIDS", "none")
GATEHALL = os.environ.get("GATEHALL", ROOT / "target/debug/gatehall")


class Provider:
    """A running test provider, and what can be changed about it."""

    def __init__(self, port, issuer, profile):
        self.port, self.issuer, self.profile = port, issuer, profile

    def control(self, what, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/{what}",
            data,
            method=method or ("POST" if data else "GET"),
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def account(self, name, **claims):
        return self.control(f"accounts/{name}", claims)

    def counts(self):
        return self.control("counts")

    def mischief(self, **what):
        return self.control("mischief", what)

    def reset(self):
        return self.control("everything", method="DELETE")


class World(Running):
    def __init__(self):
        super().__init__()
        self.ports = {}
        self.providers = {}
        self._check = None
        self.tools = TOOLS

    def port(self, name):
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    # What is running, started at the first use.

    @property
    def backend(self):
        return self._once(
            "backend",
            lambda port: [TOOLS / "python/bin/python", DOORS / "backend.py", "--port", port],
        )

    def _once(self, name, command, env=None):
        port = self.port(name)
        if name not in self.processes.running:
            self.processes.start(name, command(port), env, port)
        return port

    @property
    def check(self):
        if self._check is None:
            self._check = Check(self.port("check"))
        return self._check

    def _proxy(self, name, kind, gate):
        if name not in self.processes.running:
            proxies.start(self.processes, TOOLS, kind, self.port(name), gate, self.backend, name)
        return self.port(name)

    def checked(self, kind):
        """A proxy that asks the test's own check."""
        self.check.say(200)
        return self._proxy(f"{kind}-scripted", kind, self.port("check"))

    def unchecked(self, kind):
        """A proxy whose check does not answer."""
        return self._proxy(f"{kind}-unchecked", kind, self.port("nobody"))

    def proxy(self, kind):
        """A proxy in front of Gatehall."""
        self.gate()
        return self._proxy(kind, kind, self.port("gate"))

    def url(self, kind, host, path="/"):
        return f"http://{host}.{names.DOMAIN}:{self.proxy(kind)}{path}"

    @property
    def public_url(self):
        return f"http://{names.GATE_HOST}:{self.port('traefik')}"

    def provider(self, name):
        if name in self.providers:
            return self.providers[name]
        callbacks = [
            f"{self.public_url}{path}" for path in (names.CALLBACK, f"{names.CALLBACK}/{name}")
        ]
        port = self.port(f"provider-{name}")
        accounts = DOORS / f"accounts/{name}.json"
        command = [
            "node",
            DOORS / "provider.mjs",
            "--port",
            port,
            "--profile",
            name,
            "--accounts",
            accounts,
            "--backchannel",
            f"{self.public_url}{names.BACKCHANNEL}/{name}",
            "--post-logout",
            f"{self.public_url}/",
            "--post-logout",
            f"{self.public_url}{names.SIGNED_OUT}",
        ]
        for callback in callbacks:
            command += ["--redirect", callback]
        env = {"GATEHALL_TEST_TOOLS": str(TOOLS), "PROVIDER_CLIENT_SECRET": names.CLIENT_SECRET}
        self._once(f"provider-{name}", lambda _: command, env)
        facts = Provider(port, None, name).control("facts")
        self.providers[name] = Provider(port, facts["issuer"], name)
        self.providers[name].facts = facts
        return self.providers[name]

    # Gatehall.

    def company(self):
        """company.toml with the providers' addresses filled in."""
        values = {"PUBLIC_URL": self.public_url}
        for name in names.PROVIDERS:
            provider = self.provider(name)
            values[f"{name.upper()}_ISSUER"] = provider.issuer
            values[f"{name.upper()}_ORIGIN"] = f"http://127.0.0.1:{provider.port}"
            values["TENANT"], values["API"] = provider.facts["tenant"], provider.facts["api"]
        text = (DOORS / "company.toml").read_text()
        for key, value in values.items():
            text = text.replace("{{" + key + "}}", value)
        path = self.processes.folder / "company.toml"
        path.write_text(text)
        return path

    def environment(self):
        return {
            "GATEHALL_PUBLIC_URL": self.public_url,
            "GATEHALL_COOKIE_DOMAIN": names.DOMAIN,
            # Envoy says that the check was asked from its machine's address, over loopback too.
            "GATEHALL_TRUSTED_PROXIES": f"127.0.0.1/32,::1/128,{own_address()}/32",
            # All visitors come from one address; the limits have tests of their own.
            "GATEHALL_SIGN_INS_PER_MINUTE": "0",
            "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE": "0",
            names.SECRET_VARIABLE: names.CLIENT_SECRET,
            "GATEHALL_SECRET_VARIABLES": f"{names.SECRET_VARIABLE},WRONG_SECRET",
        }

    @property
    def data(self):
        return self.processes.folder / "data"

    def gatehall(self, *arguments, fails=False):
        """Runs a command of Gatehall on the data that it serves."""
        return self.processes.run(
            "gatehall-commands",
            [GATEHALL, "--data-dir", self.data, *arguments],
            self.environment(),
            fails=fails,
        )

    def gate(self):
        if "gate" not in self.processes.running:
            if not self.data.exists():
                self.gatehall("import", self.company(), "--apply")
            self.start_gate()
        return self.port("gate")

    def start_gate(self, **environment):
        port = self.port("gate")
        command = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.data]
        self.processes.start("gate", command, {**self.environment(), **environment}, port)
        # It listens before it has read what the providers say of themselves.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            starts = [f"http://127.0.0.1:{port}{names.START}?provider={it}" for it in names.PROVIDERS]
            if all(Visitor().get(start).status == 303 for start in starts):
                return
            time.sleep(0.1)
        raise RuntimeError("the gate does not know its providers: " + self.processes.tail("gate"))

    def restart_gate(self, **environment):
        self.processes.stop("gate")
        self.start_gate(**environment)

    def signed_in(self, account, provider="generic"):
        """A visitor with a session of their own."""
        visitor = Visitor()
        page = f"{self.public_url}/"
        self.proxy("traefik")
        query = urllib.parse.urlencode({"rd": page, "provider": provider})
        answer = visitor.login(f"{self.public_url}{names.START}?{query}", account)
        if names.SESSION_COOKIE not in visitor.jar.held():
            raise AssertionError(f"{account} did not get in: {answer}")
        return visitor

    def recorded(self):
        """The requests that reached the backend since the last call."""
        address = f"http://127.0.0.1:{self.backend}/_recorded"
        with urllib.request.urlopen(address, timeout=10) as answer:
            requests = json.load(answer)
        urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=10).close()
        return requests

    def close(self):
        if self._check:
            self._check.close()
        super().close()
