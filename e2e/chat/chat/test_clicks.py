"""The page, clicked in a real browser by the words that stand in it."""

from doors.browser import Browser
from doors.world import TOOLS

from . import page
from .hand import Hand
from .open_webui import PASSWORD


class Reader(Hand):
    """Somebody who follows the page, and signs in with a password."""

    def __init__(self, world, email):
        super().__init__(Browser(world.processes, TOOLS, f"browser-of-{email.split('@')[0]}"))
        self.browser.open(f"{world.open_webui()}/auth")
        self.browser.type("input[type=email]", email)
        self.browser.type("input[type=password]", PASSWORD)
        self.browser.click("button[type=submit]")
        self.browser.find("#chat-input", 30)

    def click(self, text):
        """What the page names; `press` is for the rest, such as what closes a window."""
        assert text in page.labels(), f"the page says nothing of {text}"
        self.press(text)


def test_the_connection_is_made_by_hand(world):
    world.ines.connect()
    hand = Reader(world, world.ines.email)
    try:
        hand.press("Okay, Let's Go!")
        hand.press("User menu")
        for label in ("Settings", "Integrations"):
            hand.click(label)
        hand.sees("External Tool Servers")
        # There is one for terminals, too.
        hand.browser.click("button[aria-label='Add Connection']")
        hand.sees("Function Name Filter List")
        hand.click("OpenAPI")
        shown = world.connection()
        hand.browser.type("#enter-name", shown["info"]["name"])
        hand.browser.type("#enter-id", shown["info"]["id"])
        hand.browser.type("#api-base-url", shown["url"])
        hand.browser.type("input[placeholder='API Key']", world.key)
        hand.click("Access Control")
        hand.click("Private")
        hand.click("Public")
        hand.sees("Accessible to all users")
        hand.press("Close")
        hand.click("Verify Connection")
        hand.sees("Connection successful")
        hand.click("Save")
        hand.sees("Connections saved successfully")
        (made,) = world.ines.connections()
        for name in ("type", "url", "key", "auth_type"):
            assert made[name] == shown[name], (name, made)
        assert made["info"]["id"] == shown["info"]["id"], made
        assert made["config"]["access_grants"] == shown["config"]["access_grants"], made
    finally:
        hand.close()
        world.connect()


def test_somebody_calls_a_tool_by_hand(world):
    hand = Reader(world, world.people["alice"].email)
    try:
        hand.click("Integrations")
        hand.click("Tools")
        hand.sees(world.connection()["info"]["name"])
        # Which also closes the menu.
        hand.browser.click("#chat-input")
        hand.has_tools()
        hand.says("call gatehall_google_clock_now {}")
        hand.sees("View Result from gatehall_google_clock_now")
        hand.sees("The tool said: noon at google")
    finally:
        hand.close()
