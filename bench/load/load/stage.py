"""What the load runs through: Traefik, the gate, its database, a provider, tool servers, a page."""

import json
import os
import time

from doors import names
from doors.client import send
from doors.world import GATEHALL, World

from .chat import Chat

PROVIDER = "generic"
# Those of the demo's company.
DOMAINS = [
    "company.example",
    "asia.company.example",
    "americas.company.example",
    "partner.example",
    "consulting.example",
]


class Stage(World):
    """A company of 15,000, whose people can sign in."""

    def environment(self):
        own = {
            "GATEHALL_DATABASE": os.environ["LOAD_POSTGRES"],
            "GATEHALL_OPEN_WEBUI_DOMAINS": ",".join(DOMAINS),
            # More than a person does, since the load has no pauses as long as theirs.
            "GATEHALL_USER_CALLS_PER_MINUTE": "600",
            "GATEHALL_LOG": "warn",
        }
        return {**super().environment(), **own}

    def company(self):
        """A provider at which these people can sign in, and whom proxies let through."""
        document = {
            "providers": [
                {
                    "id": PROVIDER,
                    "profile": PROVIDER,
                    "issuer": self.provider(PROVIDER).issuer,
                    "client_id": "gatehall",
                    "client_secret_environment": names.SECRET_VARIABLE,
                    "domains": DOMAINS,
                }
            ],
            "host_rules": [{"host": f"app.{names.DOMAIN}", "admit": "signed-in"}],
        }
        path = self.processes.folder / "company.json"
        path.write_text(json.dumps(document))
        return path

    def open(self):
        """Starts everything, and waits until it serves."""
        # The demo makes the company, and then is the tool servers. Nobody asks its own gate.
        port = self.port("tools")
        command = [GATEHALL, "demo", "--size", "company", "--json"]
        command += ["--data-dir", self.data, "--listen", f"127.0.0.1:{port}"]
        self.processes.start("tools", command, self.environment(), port, seconds=180)
        told = self._told()
        self.gatehall("import", self.company(), "--apply")
        self.start_gate()
        self.proxy("traefik")
        self.chat = Chat(told["service_key"], told["open_webui_secret"])

    def _told(self):
        end = time.monotonic() + 180
        while time.monotonic() < end:
            for line in self.processes.log("tools").read_text().splitlines():
                if line.startswith('{"url"'):
                    return json.loads(line)
            time.sleep(0.1)
        raise RuntimeError("the company is not there: " + self.processes.tail("tools"))

    def start_gate(self):
        port = self.port("gate")
        command = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.data]
        self.processes.start("gate", command, self.environment(), port)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            start = send(port, f"{names.START}?provider={PROVIDER}", headers=names.BROWSER_HEADERS)
            if start.status == 303 and send(port, "/ready").status == 200:
                return
            time.sleep(0.1)
        raise RuntimeError("the gate is not ready: " + self.processes.tail("gate"))

    def gate(self):
        return self.port("gate")

    def people(self, count):
        """People of the company, evenly spread over it, who are allowed something, with what it is."""
        users = json.loads(self.gatehall("user", "list", "--json"))
        emails = [user["email"] for user in users if user["enabled"] and not user["admin"]]
        emails = [email for email in emails if email.partition("@")[2] in DOMAINS]
        provider, people = self.provider(PROVIDER), []
        step = max(1, len(emails) // (count * 2))
        for email in emails[::step]:
            tools = self.chat.tools(self.port("gate"), email)
            if tools and len(people) < count:
                provider.control(f"accounts/{email}", {"name": email, "email": email})
                people.append({"email": email, "tools": tools})
        if len(people) < count:
            raise RuntimeError(f"only {len(people)} people are allowed something")
        return people
