"""Everybody has their own tools in the chat, and nobody else's, by both kinds of connection."""

import concurrent.futures
import json

from doors.runner import table

from . import page
from .world import SEARCH, TOOL

KINDS = [(TOOL,), (SEARCH,)]
TENANTS = {"alice": "google", "bob": "microsoft"}


def operation(world, what):
    """The name of the operation of the OpenAPI document that does this."""
    names = [name for name in world.given("alice", SEARCH)[0] if what in name]
    assert len(names) == 1, names
    return names[0]


def called(world, name, tool, kind):
    """What somebody's model gets from a tool of the gate."""
    if kind == TOOL:
        text = f"call gatehall_{tool} {{}}"
    else:
        body = json.dumps({"name": tool, "arguments": {}})
        text = f"call {operation(world, 'call')} {body}"
    return world.people[name].chat(text, kind)


def test_the_first_call_is_in_the_audit(world):
    """The whole page, from an empty store and an empty Open WebUI."""
    answer = called(world, "alice", "google_clock_now", TOOL)
    assert answer.calls == ["gatehall_google_clock_now"], answer
    assert answer.text == "The tool said: noon at google", answer

    def row():
        """It is written a moment after the answer, and tests before this one have called, too."""
        lines = world.gatehall(*page.command("audit")).splitlines()
        return next((line for line in lines if "google_clock_now" in line), None)

    shown = world.wait(row, "the call in the audit")
    assert "group google-employees may use" in shown, shown
    assert "google" in world.gatehall(*page.command("explain"))


def test_a_variable_makes_the_connection_at_the_first_start(world):
    assert "TOOL_SERVER_CONNECTIONS" in page.TEXT
    assert world.ines.email
    (made,) = world.connections_at_first
    # Open WebUI adds what is not said.
    assert {**made, **world.connection()} == made, made


def test_everybody_is_offered_their_own_tools_alone(world):
    for name, tenant in TENANTS.items():
        tools, _, lines = world.given(name)
        assert len(tools) == 3 and not lines, (name, tools, lines)
        assert all(each.startswith(f"gatehall_{tenant}_clock_") for each in tools), tools


def found(world, name):
    """The names of all tools that somebody finds by the operation that searches."""
    text = f'call {operation(world, "search")} {{"query": ""}}'
    (result,) = world.people[name].chat(text, SEARCH).results
    return {each["name"] for each in json.loads(result)["tools"]}


def test_names_are_whole(world):
    """Open WebUI cuts what is longer than providers take, and has to cut nothing."""
    offered = {each.removeprefix("gatehall_") for each in world.tools_of("alice")}
    assert offered == found(world, "alice")


@table(KINDS)
def test_everybody_calls_their_own_tools(world, kind):
    for name, tenant in TENANTS.items():
        answer = called(world, name, f"{tenant}_clock_now", kind)
        assert answer.text == f"The tool said: noon at {tenant}", answer
        assert answer.states == ["completed"], answer


def test_nobody_calls_what_is_somebody_elses(world):
    """A model that makes up a name is not heard by Open WebUI; one that is told it, by the gate."""
    answer = called(world, "bob", "google_clock_now", TOOL)
    assert not answer.calls, answer
    answer = called(world, "bob", "google_clock_now", SEARCH)
    assert answer.states == ["failed"] and "noon" not in answer.text, answer
    assert "Unknown tool: google_clock_now" in answer.text, answer


def test_search_finds_ones_own_tools_alone(world):
    for name, tenant in TENANTS.items():
        names = found(world, name)
        assert len(names) == 3 and all(each.startswith(f"{tenant}_") for each in names), names


def test_many_at_once_are_not_taken_for_each_other(world):
    def one(number):
        name = ("alice", "bob")[number % 2]
        answer = called(world, name, f"{TENANTS[name]}_clock_now", TOOL)
        return answer.text == f"The tool said: noon at {TENANTS[name]}" or answer

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = list(pool.map(one, range(24)))
    assert said == [True] * 24, [each for each in said if each is not True]


def test_what_is_taken_is_gone_with_the_next_message(world):
    group = ["user", "change", "bob@microsoft.example"]
    world.gatehall(*group, "--remove-group", "microsoft-employees")
    try:
        world.wait(lambda: not world.tools_of("bob"), "no tools for Bob")
    finally:
        world.gatehall(*group, "--add-group", "microsoft-employees")
    world.wait(lambda: world.tools_of("bob"), "tools for Bob again")
