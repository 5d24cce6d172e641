"""What people ask for in a chat, and what the model gets for them."""

import re
import shlex

from chat.world import SEARCH, TOOL
from doors.runner import table

from .slow import Held

TENANTS = {"alice": "google", "bob": "microsoft"}
# What whoever may not use a tool hears of it, and whoever names one that is not there.
REFUSED = "There is none, or you may not use it: ask an administrator."


@table([("alice",), ("bob",)])
def test_the_model_sees_ones_own_tools_alone(world, name):
    tools, _, lines = world.people[name].given(TOOL)
    begin = f"gatehall_{TENANTS[name]}_clock_"
    assert tools == [f"{begin}{it}" for it in ("hold", "now", "report")], tools
    assert not lines, lines


@table([("alice",), ("bob",)])
def test_a_call_and_its_answer(world, name):
    tool = f"gatehall_{TENANTS[name]}_clock_now"
    answer = world.people[name].chat(f"call {tool} {{}}", TOOL)
    assert answer.calls == [tool] and answer.states == ["completed"], answer
    assert answer.text == f"The tool said: noon at {TENANTS[name]}", answer
    world.wait(lambda: world.events("action:call", f"actor:{name}"), "the call in the audit")


def test_a_tool_that_a_model_made_up_does_not_run(world):
    """Open WebUI itself calls nothing that it did not offer."""
    answer = world.people["alice"].chat("invent gatehall_microsoft_clock_now {}", TOOL)
    assert answer.states == ["failed"] and "not found" in answer.text, answer


def test_a_tool_of_another_company_is_refused_in_words(world):
    """Through the operation that takes any name, which the gate hears of."""
    call = 'call gatehall_call_tool {"name": "microsoft_clock_now", "arguments": {}}'
    answer = world.people["alice"].chat(call, SEARCH)
    assert answer.states == ["failed"], answer
    assert f"Unknown tool: microsoft_clock_now. {REFUSED}" in answer.text, answer
    denied = lambda: "microsoft_clock_now" in str(world.events("outcome:denied", "--last", "5"))
    world.wait(denied, "the refusal in the audit")


def test_a_right_that_is_taken_ends_in_the_middle_of_a_turn(world):
    """With the call that runs, and for the calls that would come."""
    held = Held(world.people["alice"], world.processes.folder / "taken")
    world.wait(held.under_way, "the first call")
    change = ["user", "change", "alice@google.example"]
    world.deployment.gatehall(*change, "--remove-group", "google-employees")
    try:
        answer = held.answer()
    finally:
        held.let_go()
        world.deployment.gatehall(*change, "--add-group", "google-employees")
    assert answer.states == ["failed", "failed"], answer
    assert "Access to this tool ended while it was running." in answer.results[0], answer
    assert REFUSED in answer.results[1], answer
    world.wait(lambda: world.tools_of("alice"), "Alice's tools again")


def test_an_administrator_has_all(world):
    ada = world.people["ada"]
    tools, instructions, _ = ada.given(TOOL)
    assert {each.split("_")[1] for each in tools} == set(TENANTS.values()), instructions
    for tenant in TENANTS.values():
        answer = ada.chat(f"call gatehall_{tenant}_clock_now {{}}", TOOL)
        assert answer.text == f"The tool said: noon at {tenant}", answer


def test_an_account_that_was_made_anew_is_told_what_to_do(world):
    old = world.people["nora"]
    world.wait(lambda: old.given(TOOL)[0], "Nora's tools")
    world.people["ada"].remove(old)
    old.visitor.jar.drop("token")
    # She comes back with the session that she still has at the gate.
    old.token = None
    old.sign_in_to_chat()
    tools, instructions, lines = old.given(TOOL)
    assert not tools and not lines, (tools, lines)
    assert "an account is removed there and made again" in instructions, instructions
    command = re.search(r"gatehall (user change \S+ --unbind open-webui)", instructions)
    world.deployment.gatehall(*shlex.split(command[1]))
    world.wait(lambda: old.given(TOOL)[0], "the tools of the new account")
