"""What breaks, and what one more `docker compose up -d --wait` makes of it."""

import contextlib
import os
import signal
import subprocess

from doors.processes import until
from doors.runner import table

from . import engine

SERVICES = ["traefik", "gatehall", "open-webui", "postgres", "valkey"]
STEPS = ["volumes", "postgres-prepare", "gatehall-prepare", "open-webui-setup"]


def is_well(world):
    """Whether everything runs and a person gets to the chat and through it to the database."""
    deployment = world.deployment
    states = deployment.containers()
    for service in SERVICES:
        assert (states[service]["State"], states[service]["Health"]) == ("running", "healthy"), (
            states
        )
    for step in STEPS:
        assert states[step]["ExitCode"] == 0, states[step]
    person = world.person("alice")
    assert person.ask("GET", "/api/v1/auths/")["email"] == person.email
    answer = deployment.stranger().request("POST", deployment.url("mcp", "/mcp"), [], "{}")
    assert answer.status == 401, answer


def test_all_is_well_after_the_start(world):
    is_well(world)


def test_a_second_up_changes_nothing(world):
    deployment = world.deployment
    running = {it: deployment.container(it) for it in SERVICES}
    begun = {it: deployment.inspect(it)["State"]["StartedAt"] for it in SERVICES}
    deployment.up()
    assert {it: deployment.container(it) for it in SERVICES} == running
    assert {it: deployment.inspect(it)["State"]["StartedAt"] for it in SERVICES} == begun


def test_programs_that_die_come_back_by_themselves(world):
    """One after the other, as when the kernel kills them for their memory."""
    for service in SERVICES:
        container = world.deployment.container(service)
        before = engine.inspect(container)["RestartCount"]
        os.kill(world.deployment.process(service), signal.SIGKILL)
        until(f"{service} died", lambda: engine.inspect(container)["RestartCount"] > before)
        until(f"{service} is well again", lambda: health(container) == "healthy", 120)
    is_well(world)


def health(container):
    return engine.inspect(container)["State"].get("Health", {}).get("Status")


def test_a_container_that_was_removed_is_made_again(world):
    world.deployment.compose("rm", "--stop", "--force", "gatehall", "valkey")
    world.deployment.up()
    is_well(world)


@table([("postgres",), ("gatehall-prepare",), ("open-webui",)])
def test_a_start_that_is_cut_off_is_mended_by_the_next(world, service):
    """Everything is made anew, and all of it is killed outright once this service is there."""
    deployment = world.deployment
    before = deployment.container(service)
    command = ["docker", "compose", "up", "--detach", "--wait", "--force-recreate"]
    with open(deployment.folder / "cut-off.log", "a") as log:
        starting = subprocess.Popen(command, cwd=deployment.folder, stdout=log, stderr=log)
        until(f"{service} starts", lambda: has_begun(deployment, service, before), 120)
        starting.send_signal(signal.SIGKILL)
        starting.wait()
    running = deployment.compose("ps", "--quiet", "--no-trunc").split()
    for container in running:
        # With the first process of a container the others go, and steps end by themselves.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for process in engine.processes(container):
                os.kill(process, signal.SIGKILL)
    # Programs come back by themselves; a step that the engine still takes for running does not.
    until("the steps ended", lambda: not running_steps(deployment))
    deployment.up()
    is_well(world)


def running_steps(deployment):
    states = deployment.containers()
    return [it for it in STEPS if it in states and states[it]["State"] == "running"]


def has_begun(deployment, service, before):
    found = deployment.compose("ps", "--all", "--quiet", "--no-trunc", service).split()
    new = [it for it in found if it != before]
    return new and engine.inspect(new[0])["State"]["Status"] != "created"


def test_another_image_is_taken_over(world):
    """An upgrade, and the way back."""
    deployment = world.deployment
    before = {it: deployment.container(it) for it in SERVICES}
    for variable, service in (("GATEHALL_IMAGE", "gatehall"), ("TRAEFIK_IMAGE", "traefik")):
        old = deployment.value(variable)
        new = f"{old}-next"
        dockerfile = f"FROM {old}\nLABEL next=1\n".encode()
        engine.run(["docker", "build", "--quiet", "--tag", new, "-"], input=dockerfile)
        deployment.set(**{variable: new})
        deployment.up()
        assert deployment.inspect(service)["Config"]["Image"] == new
        is_well(world)
        deployment.set(**{variable: old})
    deployment.up()
    after = {it: deployment.container(it) for it in SERVICES}
    for service in ("open-webui", "postgres", "valkey"):
        assert before[service] == after[service], service
    is_well(world)
