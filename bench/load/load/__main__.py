"""python -m load [--users N] [--minutes N]: the load, and a table of what it took."""

import argparse
import json
import os
import pathlib
import sys
import time

from .report import Parts, postmaster, steps
from .stage import Stage

HERE = pathlib.Path(__file__).parent


def play(stage, options):
    """Lets the people in, and gives how many requests failed."""
    people = stage.people(options.users)
    folder = stage.processes.folder
    plan = {
        "port": stage.port("traefik"),
        "people": people,
        "service_key": stage.chat.key,
        "open_webui_secret": stage.chat.secret,
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    pids = {name: stage.processes.running[key].pid for name, key in PARTS.items()}
    pids["PostgreSQL"] = postmaster(os.environ["LOAD_POSTGRES"])
    parts = Parts(pids)
    seconds = options.minutes * 60
    command = [pathlib.Path(sys.executable).parent / "locust", "--headless", "--only-summary"]
    command += ["--locustfile", HERE / "scenario.py", "--csv", folder / "load"]
    command += ["--users", options.users, "--spawn-rate", 10, "--run-time", f"{seconds:.0f}s"]
    # Errors are counted here, and a run that does not end is ended.
    command += ["--exit-code-on-error", 0, "--stop-timeout", 20]
    began = time.monotonic()
    running = stage.processes.start("locust", command, {"LOAD_PLAN": str(folder / "plan.json")})
    while running.poll() is None:
        if time.monotonic() - began > seconds + 120:
            raise RuntimeError("the load does not end: " + stage.processes.tail("locust"))
        parts.look()
        time.sleep(1)
    took = time.monotonic() - began
    if running.returncode != 0:
        raise RuntimeError("the load did not run:\n" + stage.processes.tail("locust"))
    lines, requests, failures = steps(folder / "load_stats.csv")
    print(f"{options.users} people, {options.minutes:g} minutes, {os.cpu_count()} processors\n")
    print("\n".join(lines), "\n")
    print("\n".join(parts.table(took)))
    if failures:
        print("\n" + (folder / "load_failures.csv").read_text(), file=sys.stderr)
    if requests == 0:
        raise RuntimeError("nobody did anything:\n" + stage.processes.tail("locust"))
    return failures


PARTS = {
    "Gatehall": "gate",
    "Traefik": "traefik",
    "tool servers, with a second Gatehall": "tools",
    "OpenID provider": "provider-generic",
    "page behind ForwardAuth": "backend",
}


def main():
    parser = argparse.ArgumentParser(prog="bench/run load")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    if not 2 <= options.users <= 1000 or not 0 < options.minutes <= 60:
        parser.error("between 2 and 1000 people, and an hour at most")
    stage = Stage()
    try:
        stage.open()
        return 1 if play(stage, options) else 0
    finally:
        stage.close()


sys.exit(main())
