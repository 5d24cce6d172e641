"""The world of the tests: a gate for each company and one browser, started when first needed."""

import json
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from doors.client import Visitor
from doors.processes import Running, free_port
from doors.world import DOORS, GATEHALL, ROOT, TOOL_SERVER, TOOLS

from . import companies
from .crawl import crawl
from .hostile import TEXTS
from .window import Window

PORTAL = pathlib.Path(__file__).resolve().parents[1]
SCREENSHOTS = ROOT / ".cache/portal-screenshots"
PYTHON = TOOLS / "python/bin/python"

ENVIRONMENT = {
    # All visitors come from one address.
    "GATEHALL_SIGN_INS_PER_MINUTE": "0",
    "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE": "0",
    "TEST_CLIENT_SECRET": "secret-of-the-client-gatehall-0123456789",
    "GATEHALL_SECRET_VARIABLES": "TEST_CLIENT_SECRET",
    "PYTHONPATH": os.pathsep.join([str(PORTAL), str(DOORS)]),
}

# Companies that the demo makes, by their size.
DEMOS = {"demo": "small", "many": "company"}

ADD_KEY = ["key", "add", "--manage", "--user", "ada@company.example"]


class World(Running):
    def __init__(self):
        super().__init__()
        self.origins = {}
        self._window = None
        # Whose session the browser has.
        self.visitor = None
        # The key of an administrator for each company.
        self.keys = {}

    # Gates.

    def origin(self, company):
        """Where the company's gate is; it is started at the first use."""
        if company not in self.origins:
            port = free_port()
            self.origins[company] = f"http://localhost:{port}"
            if company in DEMOS:
                self.start_demo(company, port)
            else:
                self.start(company, port)
        return self.origins[company]

    def gatehall(self, company, *arguments):
        """Runs a command of Gatehall on the data of a company."""
        command = [GATEHALL, *arguments, "--data-dir", self.processes.folder / company]
        return self.processes.run("gatehall-commands", command, ENVIRONMENT)

    def start_demo(self, company, port):
        folder = self.processes.folder / company
        command = [GATEHALL, "demo", "--json", "--size", DEMOS[company], "--data-dir", folder]
        command += ["--listen", f"127.0.0.1:{port}"]
        self.processes.start(company, command, ENVIRONMENT)
        log = self.processes.log(company)
        ready = lambda: re.search(r'^{.*"admin_link".*}$', log.read_text(), re.M)
        self.processes.wait_until(company, ready, 120)

    def start(self, company, port):
        address = self.hostile_server() if company == "hostile" else None
        file = getattr(companies, company)(str(TOOL_SERVER), address)
        if file is not None:
            path = self.processes.folder / f"{company}.json"
            path.write_text(json.dumps(file))
            self.gatehall(company, "import", path, "--apply")
        command = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}"]
        command += ["--data-dir", self.processes.folder / company]
        self.processes.start(company, command, ENVIRONMENT, port)
        self.processes.wait_until(company, lambda: answers(port, "/ready") == 200)
        if company == "one":
            self.gatehall(company, "key", "add", "--user", "ann@acme.example", "--name", "chat")
        if company == "hostile":
            self.make_hostile_traces(port)

    def hostile_server(self):
        port = free_port()
        command = [PYTHON, PORTAL / "hostile_server.py", "--port", port]
        self.processes.start("hostile-server", command, ENVIRONMENT, port)
        return f"http://127.0.0.1:{port}"

    def make_hostile_traces(self, port):
        """Keys with hostile names, and calls that leave hostile texts in the audit."""
        keys = [
            json.loads(self.gatehall("hostile", "key", "add", *options, "--name", text, "--json"))
            for text in TEXTS.values()
            for options in (["--user", "mallory@hostile.example"], ["--service"])
        ]
        headers = {
            "Authorization": f"Bearer {keys[0]['key']}",
            "Content-Type": "application/json",
            "User-Agent": TEXTS["script"],
        }
        script = urllib.parse.quote(TEXTS["script"], safe="")
        for tool in ["tenant-0_tools_plain", "tenant-0_tools_breaks", script]:
            answers(port, f"/tools/{tool}", headers, {})
        for text in TEXTS.values():
            call = {"name": text, "arguments": {text: text}}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            answers(port, "/mcp", headers, message)

    # People.

    def link(self, view):
        """A link that signs the view's person in, once."""
        origin = self.origin(view.company)
        whom = [view.email] if view.email else []
        said = self.gatehall(view.company, "admin", "link", *whom, "--public-url", origin)
        return re.search(r"http://\S+/sign-in/link/\S+", said).group()

    def crawl(self, view):
        """All pages of a view, asked for without a browser and kept as files."""
        self.origin(view.company)
        for change in view.before:
            self.api(*change, company=view.company)
        visitor = Visitor()
        link = self.link(view)
        visitor.get(link)
        assert visitor.post(link, {}).status == 303, f"{view.name} did not get in"
        folder = self.processes.folder / "pages" / view.name
        return crawl(view, visitor, self.origin(view.company), folder)

    @property
    def window(self):
        if self._window is None:
            self._window = Window(self.processes, TOOLS)
        return self._window

    def sign_in(self, view):
        """Signs the browser in through a link, unless it is already this view's person."""
        window = self.window
        if self.visitor == view.name:
            return
        window.scripts(True)
        window.open(self.link(view))
        # Cookies know no ports: that of another company's gate is sent here, too.
        window.delete_cookies()
        window.click("form button")
        window.wait(lambda: "/sign-in/link/" not in window.url, "not signed in")
        self.visitor = view.name

    def open(self, view, path):
        """The browser, signed in as the view's person, at the page."""
        self.sign_in(view)
        self.window.open(self.origin(view.company) + path)
        return self.window

    def forget(self):
        """After a journey that signs out: the next one signs in."""
        self.visitor = None

    # What else happens in a company, past the browser.

    def api(self, method, path, body=None, company="demo"):
        """Uses the management API as somebody else would who is an administrator, too."""
        origin = self.origin(company)
        if company not in self.keys:
            made = self.gatehall(company, *ADD_KEY, "--json")
            self.keys[company] = json.loads(made)["key"]
        headers = {"Authorization": f"Bearer {self.keys[company]}"}
        ask = lambda: ask_json(f"{origin}/api/v1{path}", method, headers, body)
        status, answer = ask()
        end = time.monotonic() + 10
        while status == 401 and time.monotonic() < end:
            # The gate has yet to see the key that the command line made.
            time.sleep(0.1)
            status, answer = ask()
        assert status == 200, f"{method} {path}: {status} {answer}"
        return answer

    def call(self, email, tool, company="demo"):
        """Calls a tool as a person's chat would; gives the status."""
        made = self.gatehall(company, "key", "add", "--user", email, "--json")
        headers = {"Authorization": f"Bearer {json.loads(made)['key']}"}
        url = f"{self.origin(company)}/tools/{tool}"
        end = time.monotonic() + 10
        while (status := ask_json(url, "POST", headers, {})[0]) == 401 and time.monotonic() < end:
            time.sleep(0.1)
        return status

    # Judges.

    def validate(self, pages):
        """html-validate, once for all pages; each gets what it found."""
        done = subprocess.run(
            ["node", PORTAL / "validate.mjs"],
            input=json.dumps([str(page.file) for page in pages]),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GATEHALL_TEST_TOOLS": str(TOOLS)},
        )
        if done.returncode != 0:
            raise RuntimeError(f"html-validate did not run:\n{done.stderr}")
        found = json.loads(done.stdout)
        for page in pages:
            page.invalid = found[str(page.file)]


def answers(port, path, headers=None, body=None):
    """The status of an answer, or None if there is none."""
    data = None if body is None else json.dumps(body).encode()
    # The header may hold what only a browser's enemy sends.
    named = {name: value.encode().decode("latin-1") for name, value in (headers or {}).items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def ask_json(url, method, headers, body):
    """Status and answer, which is read if it is JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text
