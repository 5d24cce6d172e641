"""Long turns and large results, which began while other tests ran."""

from doors.runner import table

from .slow import LATE, MANY


def test_a_large_result_arrives_late(world):
    assert world.people
    answer = world.slow.report.answer(LATE + 60)
    assert answer.states == ["completed"], answer.states
    assert answer.text == f"The tool said: {'x' * MANY}", answer.text[:200]


@table(
    [
        # With the life of proofs that is shipped, and with one that is shorter than the turn.
        ("lasting", "completed", ["The tool said: noon at google"]),
        ("ending", "failed", ["it has expired", "Send the message again"]),
    ]
)
def test_a_turn_is_longer_than_a_proof(world, which, state, says):
    assert world.people
    world.wait(world.slow.outlived, "the end of a short proof", 60)
    held = getattr(world.slow, which)
    held.let_go()
    answer = held.answer()
    assert answer.states == ["completed", state], answer
    assert all(words in answer.text for words in says), answer
