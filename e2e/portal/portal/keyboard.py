"""Using a page with the keyboard alone."""

import re

from doors.browser import ELEMENT

KEYS = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue006",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Alt": "\ue00a",
    "Escape": "\ue00c",
    "Space": " ",
    "End": "\ue010",
    "Home": "\ue011",
    "Left": "\ue012",
    "Up": "\ue013",
    "Right": "\ue014",
    "Down": "\ue015",
    "Delete": "\ue017",
}

# What has the focus, and why somebody cannot see that.
FOCUS = """
const element = document.activeElement ?? document.body, style = getComputedStyle(element);
const box = element.getBoundingClientRect();
// Within a field for a date the browser marks the part that has it.
const marked = !element.matches(':focus') || style.boxShadow !== 'none'
  || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0);
const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
return [element, element === document.body ? 'the focus is nowhere'
  : box.width < 1 || box.height < 1 || !inside ? 'it cannot be seen'
  : !marked ? 'nothing marks it' : null];
"""

# Which load of a page this is; it stays when only a part is replaced.
LOAD = "return document.readyState === 'complete' ? performance.timeOrigin : null"


def press(browser, key):
    """Presses a key: "Enter", "Shift+Tab", "a"."""
    *held, last = [KEYS.get(part, part) for part in key.split("+")] if len(key) > 1 else [key]
    strokes = [("keyDown", each) for each in held] + [("keyDown", last), ("keyUp", last)]
    browser.keys(*strokes, *[("keyUp", each) for each in reversed(held)])


def type_text(browser, text):
    """Types into whatever has the focus."""
    letters = [KEYS["Enter"] if letter == "\n" else letter for letter in text]
    browser.keys(*[(kind, letter) for letter in letters for kind in ("keyDown", "keyUp")])


def clear(browser):
    """Empties the field that has the focus."""
    press(browser, "Control+a")
    press(browser, "Delete")


def focus(browser):
    """What has the focus: its role, its name."""
    element = browser.focused()
    return browser.role(element), browser.label(element).strip()


def tab_to(browser, name, role=None, key="Tab", most=150):
    """Presses Tab until the focus is on what is called `name`; each step has to be visible."""
    passed = []
    for _ in range(most):
        press(browser, key)
        found, unseen = browser.run(FOCUS)
        if unseen == "the focus is nowhere":
            # Past the last one it leaves the page once, and begins again.
            if passed.count(None) > 1:
                break
            passed.append(None)
            continue
        element = found[ELEMENT]
        here = browser.label(element).strip()
        assert not unseen, f"the focus is on {here!r}, but {unseen}"
        if is_called(name, here) and (role is None or browser.role(element) == role):
            return element
        passed.append(here)
    raise AssertionError(f"Tab never came to {name!r}, but to {list(dict.fromkeys(passed))}")


def is_called(name, label):
    """Names are texts, or patterns where a part of it is not known."""
    return bool(name.fullmatch(label)) if isinstance(name, re.Pattern) else name == label


def fill(browser, label, text, role=None):
    """Writes into the next field of this label, instead of what was there."""
    tab_to(browser, label, role)
    clear(browser)
    type_text(browser, text)


def choose(browser, label, option):
    """Chooses an option of the next list of this label by the letters that it begins with."""
    element = tab_to(browser, label)
    type_text(browser, option)
    chosen = "return arguments[0].selectedOptions[0].text"
    browser.wait(
        lambda: browser.run(chosen, browser.reference(element)) == option,
        f"{option!r} cannot be chosen for {label!r}",
    )


def load(browser):
    return browser.run(LOAD)


def enter(browser, key="Enter"):
    """Presses what has the focus, and waits for the page that comes."""
    before = load(browser)
    press(browser, key)
    browser.wait(lambda: load(browser) not in (None, before), f"{key} leads nowhere")


def go(browser, name, role="button", key="Enter"):
    """Tabs to a button or link, presses it, and waits for the page that comes."""
    tab_to(browser, name, role)
    enter(browser, key)


def follow(browser, name):
    go(browser, name, "link")
