"""What all attacks have in common: where they come from, and how it is seen that they gain nothing.

Every attacker has an address of their own, which they tell the gate as a proxy would. So their
refusal is found in the audit, and no flood of one spends what belongs to another.
"""

import ipaddress
import itertools
import json
import sqlite3
import time
import urllib.parse

from . import names
from . import world as worlds
from .client import Visitor, send

ADDRESSES = (str(ipaddress.ip_address("198.18.0.1") + number) for number in itertools.count())
TOOL_SERVER = worlds.TOOL_SERVER
IDENTITY = {name.lower() for name in names.IDENTITY}
MCP_HEADERS = [
    ("Content-Type", "application/json"),
    ("Accept", "application/json, text/event-stream"),
]


class Attacker(Visitor):
    """Asks the gate itself, for the gate's own pages too, and keeps cookies."""

    def __init__(self, world, gate=None, jar=None):
        super().__init__(jar)
        self.world, self.gate = world, gate or world
        self.port = self.gate.gate()
        wait_for_providers(world, self.port)
        self.address = next(ADDRESSES)

    def request(self, method, url, headers=names.BROWSER_HEADERS, body=None):
        parts = urllib.parse.urlsplit(url)
        if parts.hostname != names.GATE_HOST:
            return super().request(method, url, headers, body)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        cookies = self.jar.sent(parts.hostname, parts.path or "/")
        cookie = [("Cookie", "; ".join(cookies))] if cookies else []
        answer = self.ask(method, target, [("Host", parts.netloc), *headers, *cookie], body)
        answer.url = url
        for line in answer.all("set-cookie"):
            self.jar.take(parts.hostname, line)
        self.steps.append(answer)
        return answer

    def ask(self, method, target, headers=(), body=None):
        """One request to the gate with these headers and the attacker's address."""
        own = [] if any(name == "X-Forwarded-For" for name, _ in headers) else self.hop()
        return send(self.port, target, "127.0.0.1", method, [*headers, *own], body)

    def hop(self):
        return [("X-Forwarded-For", self.address)]

    def page(self, path, **query):
        text = urllib.parse.urlencode(query)
        return f"{self.world.public_url}{path}" + (f"?{text}" if text else "")

    def rpc(self, headers=(), method="tools/list", path="/mcp", **params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return self.ask("POST", path, [*MCP_HEADERS, *headers], body)

    def begin(self, account, provider="generic", rd="/"):
        """Goes to the provider and comes back; gives the callback, which was not asked yet."""
        start = self.page(names.START, provider=provider, rd=rd)
        answer = self.login(start, account, until=names.CALLBACK)
        assert answer.header("location"), answer
        return urllib.parse.urljoin(answer.url, answer.header("location"))

    def enter(self, account, provider="generic"):
        """Signs in; gives the gate's answer to the callback."""
        return self.get(self.begin(account, provider))

    def userinfo(self):
        answer = self.get(self.page(names.USERINFO), names.PROGRAM_HEADERS)
        return answer.json() if answer.status == 200 else None

    def events(self):
        """What the audit has of this attacker's address. Asked of the database, which is quicker
        than a command and is asked very often."""
        database = sqlite3.connect(f"file:{self.gate.data}/gatehall.db?mode=ro", uri=True)
        try:
            rows = database.execute(
                "select outcome, reason from audit_events where kind = 'door' and reason like ?",
                (f"%from {self.address}",),
            )
            return [{"outcome": outcome, "reason": reason} for outcome, reason in rows]
        finally:
            database.close()

    def check_refused(self, answer, rule, *statuses):
        """The attack gained nothing, and the audit says by which rule. Without a rule nothing was
        shown that could have been refused."""
        assert answer.status in statuses, f"expected {statuses}: {answer}"
        check_no_grant(answer)
        self.check_noted(rule)

    def check_noted(self, rule):
        if rule is None:
            return
        wanted, seen = {rule} if isinstance(rule, str) else set(rule), []
        for _ in range(40):
            seen = self.events()
            if wanted & {it["reason"].split(",")[0] for it in seen if it["outcome"] == "refused"}:
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"the audit does not say {rule}, but {seen}")
        admitted = [it for it in seen if it["outcome"] == "admitted"]
        assert not admitted, admitted


def check_no_grant(answer):
    """Nobody was let in, was signed in, or saw a tool."""
    assert answer.status < 500, answer
    assert answer.header("x-backend") is None, answer
    for name, value in answer.headers:
        assert name.lower() not in IDENTITY or value in ("", "false"), answer
    for line in answer.all("set-cookie"):
        name, _, value = line.split(";")[0].partition("=")
        assert name != names.SESSION_COOKIE or not value, answer
    assert '"tools"' not in answer.text, answer


def cookie(value, name=names.SESSION_COOKIE):
    return ("Cookie", f"{name}={value}")


def bearer(token):
    return ("Authorization", f"Bearer {token}")


def question(dialect, host=f"app.{names.DOMAIN}", path="/", scheme="http", method="GET"):
    """What a proxy of this kind says of a request."""
    if dialect == "nginx":
        return [("X-Original-Method", method), ("X-Original-URL", f"{scheme}://{host}{path}")]
    if dialect == "envoy":
        return [("Host", host), ("X-Forwarded-Proto", scheme)]
    return [
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Uri", path),
    ]


def endpoint(dialect, path="/"):
    return {"envoy": f"/auth/envoy{path}", "nginx-oauth2": names.AUTH}.get(
        dialect, f"/auth/{dialect}"
    )


class OwnGate:
    """A gate with its own data and settings, for attacks that the shared one must not feel. A
    setting that is None is not set."""

    def __init__(self, world, name, **settings):
        self.world, self.name = world, name
        self.data = world.processes.folder / f"{name}-data"
        both = {**world.environment(), **settings}
        self.environment = {key: value for key, value in both.items() if value is not None}

    def gatehall(self, *arguments):
        command = [worlds.GATEHALL, "--data-dir", self.data, *arguments]
        return self.world.processes.run(f"{self.name}-commands", command, self.environment)

    def gate(self):
        port = self.world.port(self.name)
        if self.name not in self.world.processes.running:
            self.world.proxy("traefik")
            if not self.data.exists():
                self.gatehall("import", self.world.company(), "--apply")
                add_tools(self)
            command = [worlds.GATEHALL, "serve", "--listen", f"127.0.0.1:{port}"]
            command += ["--data-dir", self.data]
            self.world.processes.start(self.name, command, self.environment, port)
        return port


def own_gate(world, name, **settings):
    """The gate of this name; the first call sets it up."""
    gates = world.__dict__.setdefault("own_gates", {})
    if name not in gates:
        gates[name] = OwnGate(world, name, **settings)
    return gates[name]


def add_tools(gate):
    """A server with tools that every user may call."""
    python = worlds.TOOLS / "python/bin/python"
    gate.gatehall(
        *("server", "add", "clock", "--command", python, "--argument", TOOL_SERVER),
        *("--access", "public"),
    )
    gate.gatehall("connection", "add", "clock")


def wait_for_providers(world, port):
    """A gate that has just started knows nobody's keys yet."""
    ready = world.__dict__.setdefault("ready_gates", set())
    if port in ready:
        return
    world.proxy("traefik")
    for name in names.PROVIDERS:
        for _ in range(200):
            if send(port, f"{names.START}?provider={name}").status in (303, 429):
                break
            time.sleep(0.05)
    ready.add(port)


def begin_anew(world):
    """Starts every gate again, so that each knows the present keys of the providers."""
    world.restart_gate()
    world.__dict__.get("ready_gates", set()).clear()
    for name in world.__dict__.get("own_gates", {}):
        world.processes.stop(name)


def key_of(gate, email):
    """A new key that speaks for a user."""
    return json.loads(gate.gatehall("key", "add", "--user", email, "--json"))
