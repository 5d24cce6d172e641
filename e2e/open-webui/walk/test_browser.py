"""What people see, in a real browser: the way in, a message and its answer, and the way out."""

import contextlib

from chat.hand import Hand

NOW = "gatehall_google_clock_now"


@contextlib.contextmanager
def hand_of(world, account):
    """Somebody who opens the chat's address for the first time."""
    assert world.people
    hand = Hand(world.browser(account))
    try:
        hand.browser.open(world.deployment.url("app", "/"))
        yield hand
    except Exception:
        world.photograph(hand.browser, f"{account}-failed")
        raise
    finally:
        hand.close()


def test_the_way_in_a_message_and_the_way_out(world):
    with hand_of(world, "alice") as hand:
        hand.browser.wait_for_url(world.deployment.provider.issuer)
        world.photograph(hand.browser, "1-provider")
        hand.browser.sign_in("alice")
        hand.browser.wait_for_url(world.deployment.url("app"), 30)
        # Nobody asks for a password or a name again.
        hand.browser.find("#chat-input", 30)
        world.photograph(hand.browser, "2-chat")
        # The tools are switched on already.
        hand.has_tools()
        hand.says(f"call {NOW} {{}}")
        hand.sees("The tool said: noon at google")
        hand.sees(f"View Result from {NOW}")
        world.photograph(hand.browser, "3-answer")
        hand.press(f"View Result from {NOW}")
        hand.sees("noon at google")
        world.photograph(hand.browser, "4-result")
        hand.press("User menu")
        hand.press("Sign Out")
        hand.browser.wait_for_url(world.deployment.url("admin", "/oauth2/sign_out"))
        world.photograph(hand.browser, "5-sign-out")
        hand.browser.click("main form button")
        hand.browser.wait_for_url(world.deployment.provider.issuer)
        hand.browser.click("#sign-out")
        hand.browser.wait_for_url(world.deployment.url("admin", "/oauth2/signed_out"))
        world.photograph(hand.browser, "6-signed-out")
        # And now the chat asks who it is.
        hand.browser.open(world.deployment.url("app", "/"))
        hand.browser.wait_for_url(world.deployment.provider.issuer)
        hand.browser.find("#login")


def test_a_refusal_is_read_in_the_chat(world):
    """As a person sees it, whose model calls what is not theirs."""
    with hand_of(world, "bob") as hand:
        hand.browser.sign_in("bob")
        hand.browser.find("#chat-input", 30)
        hand.says("invent gatehall_google_clock_now {}")
        hand.sees("not found")
        world.photograph(hand.browser, "7-refused")
