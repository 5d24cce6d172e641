"""The image in an engine, and the containers that tests start of it."""

import functools
import io
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from doors.processes import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = pathlib.Path(os.environ.get("GATEHALL_TEST_TOOLS", ROOT / ".cache/tools")).resolve()
# The image under test, and what was compiled for it.
IMAGE, COMPILED = "gatehall:test", "gatehall-compiled:test"
# As Compose and Kubernetes run it where they are careful.
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
# The check is the image's own; only how often it is asked is not.
IMPATIENT = ["--health-interval", "1s", "--health-retries", "2", "--health-start-period", "0s"]


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehall-image."))
        self.folder.chmod(0o755)
        self.numbers = itertools.count(1)
        self.logs = []

    def run(self, command, fails=False, text=True, seconds=120, **more):
        """Runs a command to its end; anything but what is expected raises."""
        if "input" not in more:
            more["stdin"] = subprocess.DEVNULL
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            timeout=seconds,
            **more,
        )
        out = done.stdout.decode() if text else done.stdout
        said = done.stderr.decode()
        if (done.returncode != 0) != fails:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{out[-2000:]}\n{said}")
        return f"{out}{said}" if fails else out

    def docker(self, *arguments, **more):
        return self.run(["docker", *arguments], **more)

    def gatehall(self, *arguments, options=(), image=IMAGE, **more):
        """Runs a command of the program in a container of its own."""
        return self.docker("run", "--rm", *HARDENED, *options, image, *arguments, **more)

    def name(self):
        return f"test{next(self.numbers)}"

    def start(self, *options, image=IMAGE, command=()):
        """A container that goes on, removed at the end with its volumes."""
        name = self.name()
        self.docker("run", "--detach", "--name", name, *options, image, *command)
        self.logs.append(name)
        return name

    def remove(self, name):
        self.docker("rm", "--force", "--volumes", name)
        self.logs.remove(name)

    def inspect(self, what):
        return json.loads(self.docker("inspect", what))[0]

    def is_healthy(self, container, wanted="healthy"):
        """Waits until the engine thinks so of it."""
        until(
            f"{container} is {wanted}: {self.inspect(container)['State'].get('Health')}",
            lambda: self.inspect(container)["State"]["Health"]["Status"] == wanted,
        )

    @property
    def socket(self):
        return os.environ["DOCKER_HOST"].removeprefix("unix://")

    @property
    def base(self):
        """The distribution that stands in for others."""
        return os.environ["IMAGE_BASE"]

    def environment(self, **more):
        return {**os.environ, **more}

    @functools.cached_property
    def files(self):
        """Every file of the image, by its path."""
        return self.files_of(IMAGE)

    def files_of(self, image):
        name = self.name()
        # There may be nothing in it that could be run; it is never started.
        self.docker("create", "--name", name, image, "nothing")
        exported = self.docker("export", name, text=False)
        self.docker("rm", "--volumes", name)
        self.archive = tarfile.open(fileobj=io.BytesIO(exported))
        return {member.name.rstrip("/"): member for member in self.archive.getmembers()}

    def content(self, path):
        return self.archive.extractfile(self.files[path]).read()

    def show_logs(self, out):
        for name in self.logs:
            print(f"\n== {name}", file=out, flush=True)
            subprocess.run(["docker", "logs", "--tail", "40", name], stdout=out, stderr=out)

    def close(self):
        for name in list(self.logs):
            self.remove(name)
        subprocess.run(["rm", "-rf", str(self.folder)], stderr=sys.stderr)
