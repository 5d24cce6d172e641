"""What people do on all pages, with the keyboard alone."""

from . import pages
from .keyboard import enter, focus, go, press, tab_to, type_text
from .seen import has_focus, heading, sees, texts

ADA = next(view for view in pages.VIEWS if view.name == "demo")
ALICE = next(view for view in pages.VIEWS if view.name == "demo-alice")


def begin(world, path, view=ADA):
    """The browser at a page, as wide as a small laptop, in light colours."""
    window = world.window
    window.width(1280)
    window.scheme("light")
    return world.open(view, path)


def test_sign_out(world):
    browser = begin(world, "/")
    go(browser, "Sign out")
    world.forget()
    browser.wait_for_url("/oauth2/signed_out")
    world.window.open(world.origin(ADA.company) + "/")
    browser.wait_for_url("/oauth2/sign_in")


def test_skip_link(world):
    browser = begin(world, "/overview")
    press(browser, "Tab")
    role, name = focus(browser)
    assert role == "link" and "skip" in name.lower(), f"Tab comes to {role} {name!r} first"
    press(browser, "Enter")
    press(browser, "Tab")
    within = browser.run("return document.activeElement.closest('main') !== null")
    assert within, f"the skip link skips to {focus(browser)}"


def test_palette(world):
    browser = begin(world, "/settings")
    press(browser, "Control+k")
    assert focus(browser)[1] == "Search everything"
    type_text(browser, "bob@")
    sees(browser, "bob@microsoft.example (Bob)")
    assert texts(browser, "#palette-said") == ["1 found"], "what was found is not announced"
    press(browser, "Down")
    assert "bob@microsoft.example" in focus(browser)[1], focus(browser)
    press(browser, "Up")
    assert focus(browser)[1] == "Search everything"
    press(browser, "Down")
    enter(browser)
    assert heading(browser) == "bob@microsoft.example"


def test_palette_closes(world):
    browser = begin(world, "/settings")
    press(browser, "Control+k")
    type_text(browser, "alice")
    browser.wait(lambda: texts(browser, ".found"), "nothing is found")
    press(browser, "Down")
    press(browser, "Escape")
    assert not texts(browser, ".found"), "Escape leaves what was found open"
    assert focus(browser)[1] == "Search everything", f"Escape leads to {focus(browser)}"


def test_keys_for_search_and_help(world):
    browser = begin(world, "/users")
    press(browser, "/")
    assert has_focus(browser, "main input[type=search]"), focus(browser)
    press(browser, "?")
    assert "/users" in browser.url, "? in a field is a letter"
    tab_to(browser, "Search", "button")
    enter(browser, "?")
    assert heading(browser) == "Keyboard shortcuts"


def test_letters_can_be_turned_off(world):
    browser = begin(world, "/shortcuts")
    go(browser, "Turn off")
    tab_to(browser, "Turn on")
    press(browser, "/")
    assert focus(browser)[1] == "Turn on", "/ still leads to the search"
    press(browser, "Control+k")
    assert focus(browser)[1] == "Search everything"
    go(browser, "Turn on")
    tab_to(browser, "Turn off")
    press(browser, "/")
    assert focus(browser)[1] == "Search everything"


def test_scheme(world):
    browser = begin(world, "/me", ALICE)
    scheme = lambda: browser.run("return document.documentElement.dataset.scheme")
    dark = "return matchMedia('(prefers-color-scheme: dark)').matches"
    assert not browser.run(dark)
    go(browser, "dark")
    assert scheme() == "dark" and browser.url.endswith("/me")
    colour = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(20, 23, 26)", colour
    # The next journeys see the page as the browser wants it.
    go(browser, "auto")
    assert scheme() == "auto"
