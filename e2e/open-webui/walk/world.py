"""The world of the tests: a deployment, and its people in a chat that is wired to the gate."""

import json
import os
import pathlib
import time

from chat import page
from chat.world import TOOL
from doors.browser import Browser
from doors.processes import Running
from doors.world import TOOLS

from .deployment import Deployment
from .person import Person
from .slow import Slow


class World(Running):
    def __init__(self):
        super().__init__()
        self.deployment = Deployment(self.processes)
        self._people = None
        self.begun = False
        self.slow = None

    @property
    def people(self):
        """Everybody, signed in. Nothing runs before somebody is asked for."""
        if self._people is None:
            if self.begun:
                raise RuntimeError("the deployment did not start, see the first failure")
            self.begun = True
            begun = time.monotonic()
            self.deployment.start()
            print(f"all of it runs after {time.monotonic() - begun:.0f} s", flush=True)
            ada = Person(self.deployment, "ada")
            self._add_search(ada)
            names = ("alice", "bob", "nora", "olga")
            self._people = {"ada": ada, **{it: Person(self.deployment, it) for it in names}}
            # What takes long begins now, and is looked at when its test comes.
            self.slow = Slow(self)
        return self._people

    def _add_search(self, ada):
        """The other kind of connection, which takes any name of a tool, with the same key."""
        (made,) = ada.connections()
        self.deployment.key = made["key"]
        url = self.deployment.inside("gate")
        ada.connect(made, page.connection("openapi", url, made["key"]))

    def browser(self, name):
        """A browser of somebody's own, who is not signed in yet."""
        trust = f"--ignore-certificate-errors-spki-list={self.deployment.digest}"
        return Browser(self.processes, TOOLS, f"browser-of-{name}", [trust])

    def photograph(self, browser, name):
        """A picture of what somebody sees now, for whoever wants to look at it."""
        folder = os.environ.get("SHOTS")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            browser.screenshot(pathlib.Path(folder) / f"{name}.png")

    def tools_of(self, name):
        return self.people[name].given(TOOL)[0]

    def events(self, *query):
        return json.loads(self.deployment.gatehall("audit", *query, "--json"))
