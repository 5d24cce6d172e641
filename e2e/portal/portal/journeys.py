"""What people do in the portal, done with the keyboard alone: one journey for each page."""

from doors.runner import table

from . import pages
from .keyboard import focus, press, tab_to

ADA = next(view for view in pages.VIEWS if view.name == "demo")


def begin(world, path, view=ADA):
    """The browser at a page, as wide as a small laptop, in light colours."""
    window = world.window
    window.width(1280)
    window.scheme("light")
    return world.open(view, path)


def test_sign_out(world):
    browser = begin(world, "/")
    tab_to(browser, "Sign out", role="button")
    press(browser, "Enter")
    world.forget()
    browser.wait_for_url("/oauth2/signed_out")
    world.window.open(world.origin(ADA.company) + "/")
    browser.wait_for_url("/oauth2/sign_in")


# Switched on with the portal.
@table([()] if pages.HAS_PORTAL else [])
def test_skip_link(world):
    browser = begin(world, "/overview")
    press(browser, "Tab")
    role, name = focus(browser)
    assert role == "link" and "skip" in name.lower(), f"Tab comes to {role} {name!r} first"
    press(browser, "Enter")
    press(browser, "Tab")
    within = browser.run("return document.activeElement.closest('main') !== null")
    assert within, f"the skip link skips to {focus(browser)}"


# More journeys belong here, one for each page, such as:
#
# def test_users_add(world):
#     browser = begin(world, "/users")
#     tab_to(browser, "Add a user", role="link")
#     press(browser, "Enter")
#     tab_to(browser, "E-mail address")
#     type_text(browser, "nora@google.example")
#     press(browser, "Enter")
#     browser.wait_for_url("/users/nora@google.example")
