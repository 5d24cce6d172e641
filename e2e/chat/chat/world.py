"""The world of the tests: Gatehall with a company, Open WebUI with its people, and a model."""

import json
import pathlib
import urllib.request

from doors.processes import Running, free_port
from doors.world import GATEHALL, ROOT, TOOL_SERVER, TOOLS

from . import page
from .open_webui import PASSWORD, Person

CHAT = pathlib.Path(__file__).resolve().parents[1]
PYTHON = TOOLS / "python/bin/python"
SECRET = "5e5b1b7c0f6c4a52b7d0e0c59c2e8b7f3d1a94c6"

# Accounts at Open WebUI. Nora is nobody at the gate, and so is Mallory, of a domain that is not
# listed.
PEOPLE = {
    "alice": "alice@google.example",
    "bob": "bob@microsoft.example",
    "ada": "ada@google.example",
    "nora": "nora@google.example",
    "mallory": "mallory@elsewhere.example",
}

# What every start of Open WebUI needs here, besides what the page says.
OPEN_WEBUI = {
    "USE_SLIM_DOCKER": "true",
    "OFFLINE_MODE": "true",
    "ENABLE_VERSION_UPDATE_CHECK": "false",
    "BYPASS_EMBEDDING_AND_RETRIEVAL": "true",
    "ENABLE_OLLAMA_API": "false",
    "ENABLE_TITLE_GENERATION": "false",
    "ENABLE_TAGS_GENERATION": "false",
    "ENABLE_FOLLOW_UP_GENERATION": "false",
    "OPENAI_API_KEY": "none",
    "WEBUI_SECRET_KEY": "the sessions of these tests 0123456789",
    "WEBUI_ADMIN_NAME": "Ines",
    "WEBUI_ADMIN_EMAIL": "ines@company.example",
    "WEBUI_ADMIN_PASSWORD": PASSWORD,
    # What this program's own modules are found by is none of its business.
    "PYTHONPATH": "",
    "PYTHONDONTWRITEBYTECODE": "",
}


class World(Running):
    # The program, and where it says that it is ready.
    program, ready = TOOLS / "chat/bin/open-webui", "/ready"

    def __init__(self):
        super().__init__()
        self.ports = {name: free_port() for name in ("gate", "model", "open-webui")}
        self._people = None
        self._bridge = None
        self.key = None
        # The connections that Open WebUI had at its first start.
        self.connections_at_first = None

    def origin(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    # Gatehall.

    def gatehall(self, *arguments, fails=False):
        """Runs a command of Gatehall on the data that it serves."""
        command = [GATEHALL, *arguments, "--data-dir", self.processes.folder / "data"]
        return self.processes.run("gatehall-commands", command, fails=fails)

    def gate(self):
        """Where the gate is; at the first use it is set up in the order of the page."""
        if self.key is None:
            self.key = self.gatehall(*page.command("key", "add")).strip()
            self.gatehall(*page.command("group", "add"))
            self.gatehall(*page.command("user", "add"))
            company = (CHAT / "company.toml").read_text()
            company = company.replace("{{TOOL_SERVER}}", str(TOOL_SERVER))
            path = self.processes.folder / "company.toml"
            path.write_text(company)
            self.gatehall("import", path, "--apply")
        if "gate" not in self.processes.running:
            self.start_gate()
        return self.origin("gate")

    def start_gate(self, **different):
        """As the page starts it, but for what is given."""
        self.processes.stop("gate")
        _, variables = page.variables(SECRET)
        here = {"0.0.0.0:8080": f"127.0.0.1:{self.ports['gate']}", "gate": "127.0.0.1"}
        command = [here.get(word, word) for word in page.command("serve")]
        command = [GATEHALL, *command, "--data-dir", self.processes.folder / "data"]
        self.processes.start("gate", command, {**variables, **different})
        self.processes.wait_until("gate", lambda: answers(f"{self.origin('gate')}/ready"))

    def events(self, *query):
        """The newest of the audit."""
        return json.loads(self.gatehall("audit", *query, "--json"))

    # Open WebUI.

    def open_webui(self):
        if "model" not in self.processes.running:
            command = [PYTHON, CHAT / "model_server.py", "--port", self.ports["model"]]
            self.processes.start("model", command, port=self.ports["model"])
        if "open-webui" not in self.processes.running:
            self.start_open_webui()
        return self.origin("open-webui")

    def variables(self):
        """What the page starts Open WebUI with, and what it needs here."""
        connections = json.dumps([self.connection()])
        return {
            **page.variables(SECRET)[0],
            **OPEN_WEBUI,
            "DATA_DIR": str(self.processes.folder / "open-webui"),
            "OPENAI_API_BASE_URL": f"{self.origin('model')}/v1",
            "TOOL_SERVER_CONNECTIONS": connections,
            # Of the bridge tool; the secret it takes from where Open WebUI has it.
            "MCP_PROXY_BRIDGE_KEY": self.key,
        }

    def start_open_webui(self, **different):
        """As the page starts it, but for what is given."""
        self.processes.stop("open-webui")
        serve = ["serve", "--host", "127.0.0.1", "--port", self.ports["open-webui"]]
        environment = {**self.variables(), **different}
        self.processes.start("open-webui", [self.program, *serve], environment)
        ready = lambda: answers(f"{self.origin('open-webui')}{self.ready}")
        self.processes.wait_until("open-webui", ready, 120)

    def connection(self, kind="mcp"):
        return page.connection(kind, self.gate(), self.key)

    def connect(self, **different):
        """Saves both connections of the page, the one of MCP with what is given."""
        self.ines.connect({**self.connection(), **different}, self.connection("openapi"))

    @property
    def people(self):
        """Everybody with an account, signed in, in a chat that is set up as the page says."""
        if self._people is None:
            ines = self.set_up()
            self._people = {"ines": ines}
            for name, email in PEOPLE.items():
                self._people[name] = ines.add(email, name.title())
        return self._people

    def set_up(self):
        """The chat's administrator, who has set it up as the page says."""
        ines = Person(self.open_webui(), OPEN_WEBUI["WEBUI_ADMIN_EMAIL"])
        self.connections_at_first = ines.connections()
        ines.connect(self.connection(), self.connection("openapi"))
        ines.open_model(TOOL)
        return ines

    @property
    def bridge(self):
        """The id of the bridge tool, which is uploaded at the first use."""
        if self._bridge is None:
            content = (ROOT / "open-webui/mcp_proxy_bridge.py").read_text()
            self.ines.upload(BRIDGE, "Gatehall", content)
            self.ines.set_valves(BRIDGE, gateway_url=self.origin("gate"))
            self._bridge = BRIDGE
        return self._bridge

    @property
    def ines(self):
        return self.people["ines"]

    def given(self, name, tool=None):
        """What the model is given in a new chat of somebody: tools, instructions, and the lines."""
        answer = self.people[name].chat("What have you got?", tool or TOOL)
        given = json.loads(answer.text)
        return given["tools"], given["instructions"], answer.lines

    def tools_of(self, name):
        return self.given(name)[0]


def answers(url):
    """Whether there is an answer, and a good one."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except OSError:
        return False


# How a chat names the connections of the page.
TOOL = f"server:mcp:{page.connection('mcp', '', '')['info']['id']}"
SEARCH = f"server:{page.connection('openapi', '', '')['info']['id']}"
# The bridge tool has the name of its file.
BRIDGE = "mcp_proxy_bridge"
