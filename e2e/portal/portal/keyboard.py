"""Using a page with the keyboard alone."""

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

# Whether somebody can see where the focus is.
SHOWN = """
const element = arguments[0], style = getComputedStyle(element);
const box = element.getBoundingClientRect();
const marked = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
  || style.boxShadow !== 'none';
const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
return element === document.body ? 'the focus is nowhere'
  : box.width < 1 || box.height < 1 || !inside ? 'it cannot be seen'
  : !marked ? 'nothing marks it' : null;
"""


def press(browser, key):
    """Presses a key: "Enter", "Shift+Tab", "a"."""
    *held, last = [KEYS.get(part, part) for part in key.split("+")] if len(key) > 1 else [key]
    strokes = [("keyDown", each) for each in held] + [("keyDown", last), ("keyUp", last)]
    browser.keys(*strokes, *[("keyUp", each) for each in reversed(held)])


def type_text(browser, text):
    """Types into whatever has the focus."""
    browser.keys(*[(kind, letter) for letter in text for kind in ("keyDown", "keyUp")])


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
        element = browser.focused()
        here = browser.role(element), browser.label(element).strip()
        unseen = browser.run(SHOWN, browser.reference(element))
        if unseen == "the focus is nowhere":
            # Past the last one it leaves the page once, and begins again.
            if passed.count(None) > 1:
                break
            passed.append(None)
            continue
        assert not unseen, f"the focus is on {here}, but {unseen}"
        if here[1] == name and role in (None, here[0]):
            return element
        passed.append(here)
    raise AssertionError(f"Tab never came to {name!r}, but to {list(dict.fromkeys(passed))}")
