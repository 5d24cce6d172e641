"""Two of Open WebUI and two of the gate, of which one or the other is killed in the middle of a
turn. Each test leaves all of them running."""

import contextlib

from chat.world import TOOL

from .deployment import CHATS, GATES
from .slow import Held

# The line of a chat's log about the message that it got.
MESSAGE = "POST /api/chat/completions"


def messages(world):
    return {name: world.processes.log(name).read_text().count(MESSAGE) for name in CHATS}


def begin(world, name):
    """A turn that is held in its first call; which chat carries it, and which gate the call."""
    alice, before = world.people["alice"], messages(world)
    held = Held(alice, world.processes.folder / name)
    process = world.wait(held.under_way, "the first call")
    after = messages(world)
    (chat,) = [each for each in CHATS if after[each] > before[each]]
    (gate,) = [each for each in GATES if world.processes.running[each].pid == process]
    return held, chat, gate


def other(names, one):
    (found,) = [each for each in names if each != one]
    return found


def again(world):
    """The next message of the same person, with the same sign-in."""
    answer = world.people["alice"].chat("call gatehall_google_clock_now {}", TOOL)
    assert answer.text == "The tool said: noon at google", answer


@contextlib.contextmanager
def killed(world, *names):
    for name in names:
        world.processes.kill(name)
    try:
        yield
    finally:
        starting = [world.deployment.restart(name) for name in names]
        for each in starting:
            each.result()


def test_one_of_each_is_killed_and_a_turn_goes_on(world):
    """Neither of them carries it."""
    held, chat, gate = begin(world, "beside")
    with killed(world, other(CHATS, chat), other(GATES, gate)):
        held.let_go()
        answer = held.answer()
        assert answer.states == ["completed", "completed"], answer
        assert answer.text == "The tool said: noon at google", answer
        again(world)


def test_the_gate_that_carries_a_call_is_killed(world):
    """Open WebUI ends the turn at once, and the message can be sent again."""
    held, _, gate = begin(world, "carried")
    with killed(world, gate):
        answer = held.answer()
        held.let_go()
        assert answer.calls == ["gatehall_google_clock_hold"] and not answer.results, answer.raw
        again(world)


def test_the_chat_that_carries_a_turn_is_killed(world):
    """The turn is lost. The sign-in is not, and the message can be sent again."""
    held, chat, _ = begin(world, "lost")
    with killed(world, chat):
        held.let_go()
        assert not held.turn.message().get("done")
        again(world)
