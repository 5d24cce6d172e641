"""What people ask for in a chat, and what the model gets for them."""

import json

from doors.runner import table

from .slow import told
from .world import TOOL

TENANTS = {"alice": "google", "bob": "microsoft"}


@table([("alice",), ("bob",)])
def test_the_model_sees_only_ones_own_tools(world, name):
    tools, instructions, lines = world.people[name].given(TOOL)
    begin = f"gatehall_{TENANTS[name]}_clock_"
    assert tools == [f"{begin}{it}" for it in ("hold", "now", "report")], tools
    assert not lines, (instructions, lines)


@table([("alice",), ("bob",)])
def test_a_call_and_its_answer(world, name):
    tool = f"gatehall_{TENANTS[name]}_clock_now"
    answer = world.people[name].chat(f"call {tool} {{}}", TOOL)
    assert answer.calls == [tool] and answer.states == ["completed"], answer
    assert answer.text == f"The tool said: noon at {TENANTS[name]}", answer
    world.wait(lambda: world.events("action:call", f"actor:{name}"), "the call in the audit")


def test_a_tool_of_another_company_is_refused(world):
    answer = world.people["alice"].chat("invent gatehall_microsoft_clock_now {}", TOOL)
    print(answer)
    raise AssertionError


def test_an_administrator_has_all(world):
    tools, instructions, lines = world.people["ada"].given(TOOL)
    print(tools, instructions, lines)
    raise AssertionError
