"""The world of the tests: a deployment that runs, and what it finds on the internet."""

import subprocess
import time

from doors.processes import Running

from . import engine, images
from .certificates import Authority
from .deployment import DOMAIN, Deployment
from .internet import Internet

# Beside a tenant; its network is the one that is meant for the tool.
TOOL = """
[[servers]]
id = "clock"
url = "http://tool:9000/mcp"

[[connections]]
tenant = "company"
server = "clock"
"""


def tenant(name, group, email):
    """A file with a tenant, and with somebody who may use what it has."""
    return f"""
[[tenants]]
id = "{name}"
name = "{name.title()}"

[[groups]]
name = "{group}"

[[users]]
email = "{email}"
groups = ["{group}"]

[[grants]]
group = "{group}"
tenant = "{name}"
"""


class World(Running):
    def __init__(self):
        super().__init__()
        self._deployment = None
        # It is made before it runs.
        self.made = None
        self._people = {}

    @property
    def deployment(self):
        """The deployment, running. Nothing runs before it is asked for."""
        if self._deployment is None:
            if self.made:
                raise RuntimeError("the deployment did not start, see the first failure")
            folder = self.processes.folder
            authority = Authority(folder / "authority")
            self.internet = Internet(self.processes, authority)
            self.made = made = Deployment(folder / "deployment", self.internet, authority)
            images.build(made.images())
            self.internet.start(DOMAIN, made.secret("provider_client_secret"))
            begun = time.monotonic()
            made.up()
            print(f"all of it runs after {time.monotonic() - begun:.0f} s", flush=True)
            self._deployment = made
        return self._deployment

    def person(self, account):
        """Somebody who is signed in since earlier."""
        if account not in self._people:
            self._people[account] = self.deployment.person(account)
        return self._people[account]

    def forget_people(self):
        """Their sign-ins are over."""
        self._people.clear()

    def add_the_tool(self):
        """A tenant with the tool server. Open WebUI was told of the gate at the start."""
        file = tenant("company", "employees", "alice@company.example") + TOOL
        self.deployment.gatehall("import", "--apply", "-", input=file.encode())

    def show_logs(self, out):
        super().show_logs(out)
        if self.made:
            command = ["docker", "compose", "logs", "--no-color", "--tail", "40"]
            subprocess.run(command, cwd=self.made.folder, stdout=out, stderr=out)

    def show_memory(self):
        """What each part took at most, beside what it may take."""
        if self._deployment is None:
            return
        print(f"\n{'memory':<14}{'now':>8}{'most':>8}{'limit':>8}  MiB, most with cached files")
        total = 0
        for service in self._deployment.long_running():
            numbers = engine.memory(self._deployment.container(service))
            total += numbers[0]
            print(f"{service:<14}" + "".join(f"{it / 2**20:8.0f}" for it in numbers))
        print(f"{'all':<14}{total / 2**20:8.0f}")

    def close(self):
        try:
            self.show_memory()
        finally:
            if self.made:
                down = ["down", "--volumes", "--remove-orphans", "--timeout", "1"]
                command = ["docker", "compose", *down]
                subprocess.run(command, cwd=self.made.folder, stderr=subprocess.DEVNULL)
            super().close()
