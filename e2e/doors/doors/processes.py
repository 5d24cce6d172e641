"""Starts programs with their output in files, and ends all of them, whatever happens."""

import atexit
import contextlib
import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1


def free_port():
    """A port that nobody listens at, and that no other tests are given while these run. Below those
    that the kernel picks, which whoever connects has for a while."""
    while True:
        port, claim = random.randrange(20000, 32768), socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0gatehall-tests-{port}")
            probe.bind(("127.0.0.1", port))
            free_port.claims.append(claim)
            return port
        claim.close()


free_port.claims = []


def until(what, ask, seconds=60):
    """Waits until `ask` gives something, and gives it."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > end:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.1)
    return found


def _die_with_parent():
    # The kernel ends the program also when this one is killed outright.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def own_address():
    """This machine's address on its network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("203.0.113.1", 9))
        return probe.getsockname()[0]


class Processes:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehall-doors."))
        self.running = {}
        atexit.register(self.close)
        # Without this the signal would end Python before it ends the programs.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def log(self, name):
        return self.folder / f"{name}.log"

    def start(self, name, command, env=None, port=None, seconds=30):
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.running[name] = process
        if port is not None:
            self.wait_for_port(name, port, seconds)
        return process

    def wait_for_port(self, name, port, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.running[name].poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{self.tail(name)}")

    def wait_until(self, name, condition, seconds=30):
        """Waits until the program is as it should be, as long as it runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.running[name].poll() is None:
            if condition():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{name} is not ready:\n{self.tail(name)}")

    def run(self, name, command, env=None, seconds=60, fails=False):
        """Runs a program to its end and gives its output; anything but what is expected raises."""
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            cwd=self.folder,
            timeout=seconds,
        )
        with open(self.log(name), "a") as log:
            log.write(done.stdout + done.stderr)
        if (done.returncode != 0) != fails:
            raise RuntimeError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def stop(self, name):
        process = self.running.pop(name, None)
        if process is None or process.poll() is not None:
            return
        for number, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
            try:
                os.killpg(process.pid, number)
                process.wait(patience)
                return
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue

    def kill(self, name):
        """Ends it as a power cut would."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def tail(self, name, lines=30):
        path = self.log(name)
        if not path.exists():
            return ""
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])

    def show_logs(self, out):
        for path in sorted(self.folder.glob("*.log")):
            print(f"\n== {path.stem}\n{self.tail(path.stem)}", file=out, flush=True)

    def close(self):
        for name in list(self.running):
            self.stop(name)
        if os.environ.get("DOORS_KEEP"):
            print(f"logs are in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class Running:
    """A world of tests in which programs run."""

    def __init__(self):
        self.processes = Processes()

    def wait(self, condition, what, seconds=15):
        return until(what, condition, seconds)

    def show_logs(self, out):
        self.processes.show_logs(out)

    def close(self):
        self.processes.close()
