"""A group is changed in the portal, and the next message obeys."""

from .test_browser import hand_of

GROUP = "microsoft-employees"
WHOM = "alice@google.example"


def microsoft(world):
    return [each for each in world.tools_of("alice") if "microsoft" in each]


def test_the_next_message_obeys_the_portal(world):
    assert not microsoft(world)
    with hand_of(world, "ada") as ada:
        ada.browser.sign_in("ada")
        ada.browser.find("#chat-input", 30)
        # The sign-in at the chat counts at the portal, too.
        ada.browser.open(world.deployment.url("admin", f"/groups/{GROUP}"))
        ada.browser.type("#paste", WHOM)
        world.photograph(ada.browser, "8-group")
        ada.browser.click("form:has(#paste) button")
        ada.sees("Add members")
        ada.browser.find(f"button[name=remove_members][value='{WHOM}']")
        world.photograph(ada.browser, "9-put-in")
        world.wait(lambda: microsoft(world), "the tools of the other company")
        ada.browser.click(f"button[name=remove_members][value='{WHOM}']")
        gone = lambda: not ada.browser.find_all(f"[value='{WHOM}']")
        ada.browser.wait(gone, "still in the group")
        world.wait(lambda: not microsoft(world), "no tools of the other company")
