"""Long turns and large results, which began while other tests ran."""

from .slow import LATE, MANY


def test_a_large_result_arrives_late(world):
    assert world.people
    answer = world.slow.report.answer(LATE + 60)
    assert answer.states == ["completed"], answer.states
    assert answer.text == f"The tool said: {'x' * MANY}", answer.text[:200]


def test_a_turn_may_be_longer_than_a_proof_once_was(world):
    """With the life of proofs that is shipped; the next test has the same turn without it."""
    assert world.people
    world.wait(world.slow.outlived, "the end of a short proof", 60)
    world.slow.lasting.let_go()
    answer = world.slow.lasting.answer()
    assert answer.states == ["completed", "completed"], answer
    assert answer.text == "The tool said: noon at google", answer


def test_a_proof_that_ends_in_a_turn_says_what_to_do(world):
    assert world.people
    world.wait(world.slow.outlived, "the end of a short proof", 60)
    world.slow.ending.let_go()
    answer = world.slow.ending.answer()
    assert answer.states == ["completed", "failed"], answer
    assert "it has expired" in answer.text and "Send the message again" in answer.text, answer
