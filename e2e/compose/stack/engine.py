"""The engine, its containers, and ways into what they see."""

import json
import os
import pathlib
import subprocess
import sys

SOCKET = pathlib.Path(os.environ["DOCKER_HOST"].removeprefix("unix://"))
FOLDER = SOCKET.parent


def run(command, fails=False, seconds=120, **more):
    """Runs a command to its end and gives what it says; anything but what is expected raises."""
    command = [str(part) for part in command]
    more.setdefault("stdin", None if "input" in more else subprocess.DEVNULL)
    if more["stdin"] is None:
        del more["stdin"]
    done = subprocess.run(command, capture_output=True, timeout=seconds, **more)
    out, said = done.stdout, done.stderr.decode(errors="replace")
    if (done.returncode != 0) != fails:
        tail = out.decode(errors="replace")[-3000:]
        raise AssertionError(f"{command} ended with {done.returncode}:\n{tail}\n{said[-5000:]}")
    return out.decode(errors="replace") + said if fails else out.decode(errors="replace")


def docker(*arguments, **more):
    return run(["docker", *arguments], **more)


def first_process():
    """The first process of the engine's namespaces."""
    return int((FOLDER / "pid").read_text())


def address():
    """Where the ports that containers publish are reached from another machine."""
    return (FOLDER / "address").read_text().strip()


def other_machine():
    """The address of this side, which is another machine for all that is in the engine."""
    begin, _, last = address().rpartition(".")
    return f"{begin}.{int(last) - 1}"


def at_the_server(*command, **more):
    """Runs a command in the engine's network, as if at the server itself."""
    return run(["nsenter", "--net", "--target", first_process(), *command], **more)


def at_the_disks(script):
    """Runs a script where the engine keeps volumes, as whoever is at the server itself."""
    enter = ["nsenter", "--mount", "--target", first_process()]
    return run([*enter, "bash", "-euc", script])


def group(container, controller):
    """The folder of a container's control group."""
    name = (FOLDER / "cgroup").read_text().strip()
    root = pathlib.Path("/sys/fs/cgroup")
    unified = root / name / container
    return unified if unified.exists() else root / controller / name / container


def processes(container):
    """Ids of the container's processes, as this machine counts, the first one first."""
    every = (group(container, "pids") / "cgroup.procs").read_text().split()
    return [number for _, number in sorted((_inside(it), int(it)) for it in every)]


def _inside(process):
    """Its id as the container counts. The machine's begin again from time to time."""
    try:
        lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return sys.maxsize
    return next(int(it.split()[-1]) for it in lines if it.startswith("NSpid:"))


def memory(container):
    """(used now, most used, limit) in bytes, without the pages that only cache files."""
    folder = group(container, "memory")
    if (folder / "memory.max").exists():
        names = ["memory.current", "memory.peak", "memory.max"]
        cached = "inactive_file"
    else:
        names = ["usage", "max_usage", "limit"]
        names = [f"memory.{name}_in_bytes" for name in names]
        cached = "total_inactive_file"
    values = [(folder / name).read_text().strip() for name in names]
    used, most, limit = (int(it) if it.isdigit() else None for it in values)
    stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return used - int(stat[cached]), most, limit


def inspect(container):
    return json.loads(docker("inspect", container))[0]
