"""The world of the tests: a deployment that runs, and what it finds on the internet."""

import subprocess
import time

from doors.processes import Processes

from . import images
from .certificates import Authority
from .deployment import DOMAIN, Deployment
from .internet import Internet


class World:
    def __init__(self):
        self.processes = Processes()
        self._deployment = None
        self.begun = False

    @property
    def deployment(self):
        """The deployment, running. Nothing runs before it is asked for."""
        if self._deployment is None:
            if self.begun:
                raise RuntimeError("the deployment did not start, see the first failure")
            self.begun = True
            folder = self.processes.folder
            authority = Authority(folder / "authority")
            self.internet = Internet(self.processes, authority)
            made = Deployment(folder / "deployment", self.internet, authority)
            images.build(made.images())
            self.internet.start(DOMAIN, made.secret("provider_client_secret"))
            begun = time.monotonic()
            self.made = made
            made.up()
            print(f"all of it runs after {time.monotonic() - begun:.0f} s", flush=True)
            self._deployment = made
        return self._deployment

    def show_logs(self, out):
        for path in sorted(self.processes.folder.glob("*.log")):
            print(f"\n== {path.stem}\n{self.processes.tail(path.stem)}", file=out, flush=True)
        if self.begun:
            command = ["docker", "compose", "logs", "--no-color", "--tail", "40"]
            subprocess.run(command, cwd=self.made.folder, stdout=out, stderr=out)

    def close(self):
        if self.begun:
            command = ["docker", "compose", "down", "--volumes", "--remove-orphans", "--timeout", "1"]
            subprocess.run(command, cwd=self.made.folder, stderr=subprocess.DEVNULL)
        self.processes.close()
