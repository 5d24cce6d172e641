"""What was set up at a real Open WebUI follows the company by itself."""

import urllib.error
import urllib.request

from .fresh import fresh
from .test_setup import wired

GROUP = "followers"


def following():
    """The gate keeps the Open WebUI in step that is set up."""
    world = wired()
    token = world.as_admin()[1]
    world.start_gate(
        GATEHALL_OPEN_WEBUI_URL=world.open_webui(),
        GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE=str(token),
        GATEHALL_OPEN_WEBUI_FOLLOW="true",
    )
    return world


def well(world):
    """Whether all is well, and what is not."""
    try:
        with urllib.request.urlopen(f"{world.gate()}/health/well", timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_groups_follow_without_a_command(_):
    world = following()
    try:
        world.gatehall("group", "add", GROUP)
        world.wait(lambda: world.own_groups().get(GROUP) == [], "the new group", 30)
        world.gatehall("group", "change", GROUP, "--add-member", "bob@microsoft.example")
        world.wait(lambda: world.own_groups()[GROUP] == ["bob"], "Bob in it", 30)
        world.gatehall("group", "change", GROUP, "--name", f"{GROUP}-2")
        world.wait(lambda: world.own_groups().get(f"{GROUP}-2") == ["bob"], "its new name", 30)
        assert GROUP not in world.own_groups(), "it is the same group"
        world.gatehall("group", "remove", f"{GROUP}-2", "--cascade")
        world.wait(lambda: f"{GROUP}-2" not in world.own_groups(), "that it is gone", 30)
        assert "cannot be kept in step" not in well(world)
    finally:
        world.start_gate()


def test_it_is_brought_over_when_open_webui_is_back(_):
    world = following()
    try:
        world.wait(lambda: world.own_groups(), "the groups")
        world.processes.stop("open-webui")
        world.gatehall("group", "add", GROUP)
        log = world.processes.log("gate")
        world.wait(lambda: "cannot be kept in step" in log.read_text(), "a word in the log", 30)
        # The gate is as ready as ever, and says what is not well.
        world.wait(lambda: "cannot be kept in step" in well(world), "a word of its health", 60)
        assert urllib.request.urlopen(f"{world.gate()}/ready", timeout=10).status == 200
        world.start_open_webui()
        world.wait(lambda: GROUP in world.own_groups(), "the group", 90)
        world.wait(lambda: "cannot be kept in step" not in well(world), "that all is well")
    finally:
        if "open-webui" not in world.processes.running:
            world.start_open_webui()
        world.gatehall("group", "remove", GROUP, "--cascade")
        world.wait(lambda: GROUP not in world.own_groups(), "that it is gone", 60)
        world.start_gate()


def test_the_gate_says_what_is_missing_to_follow(_):
    """At its start, and not when something has to be brought over."""
    world = fresh()
    world.processes.stop("gate")
    try:
        try:
            world.start_gate(GATEHALL_OPEN_WEBUI_FOLLOW="true")
            raise AssertionError("it serves")
        except RuntimeError as error:
            assert "set GATEHALL_OPEN_WEBUI_URL" in str(error), error
    finally:
        world.start_gate()
