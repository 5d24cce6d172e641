"""The tests of the newest Open WebUI, and what is different in the old one."""

import re

from chat import test_bridge as newest
from chat.page import TEXT
from doors.world import ROOT

from .world import World

# What holds for both; its own test says how valves differ.
globals().update({name: each for name, each in vars(newest).items() if name.startswith("test_")})
del globals()["test_valves_with_secrets_are_for_administrators"]


def test_no_secret_can_be_put_where_everybody_reads_it(world):
    """This Open WebUI answers anybody with the valves of any tool."""
    tool = world.bridge
    address, secret = world.origin("gate"), "a secret 4711"
    world.ines.set_valves(tool, gateway_url=address, gateway_key=secret, signing_secret=secret)
    shown = world.people["alice"].valves(tool)
    assert shown["gateway_url"] == address, "it is shown to administrators alone"
    assert "4711" not in str(world.ines.valves(tool)), "it is kept"
    assert "4711" not in world.processes.log("open-webui").read_text(), "it is in the log"
    assert newest.called(world, "alice", "google_clock_now").text == "noon at google"


def test_version_is_the_one_that_runs(_):
    requirements = (ROOT / "e2e/bridge/requirements.txt").read_text()
    (pinned,) = re.findall(r"open-webui==(\S+)", requirements)
    assert f"| {pinned}, tested |" in TEXT, pinned


def test_it_has_no_other_way(world):
    """It has neither a type of connection nor a header that would do without the tool."""
    assert isinstance(world, World) and world.bridge
    connection = {"type": "mcp", **world.connection()}
    world.ines.connect(connection)
    try:
        names = world.people["alice"].tools()
        assert "gatehall" not in " ".join(names).replace(world.bridge, ""), names
    finally:
        world.ines.connect()
