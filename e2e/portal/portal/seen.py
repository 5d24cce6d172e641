"""What somebody sees on the page that is open. Nothing here changes it."""

TEXTS = """
return [...document.querySelectorAll(arguments[0])]
  .filter((it) => it.checkVisibility()).map((it) => it.innerText.trim());
"""
STATUS = "return performance.getEntriesByType('navigation')[0].responseStatus"

# Of the field whose label says this: what is in it, how it is marked.
FIELD = """
const says = (it) => it.innerText.trim() === arguments[0];
const field = [...document.querySelectorAll('label')].find(says)?.control;
return field && { value: field.value, wrong: field.getAttribute('aria-invalid') === 'true' };
"""


def texts(browser, selector):
    return browser.run(TEXTS, selector)


def heading(browser):
    return texts(browser, "h1")[0]


def notice(browser):
    return " ".join(texts(browser, "#notice p"))


def rows(browser):
    """The rows of the tables, each by the cell that names it."""
    return texts(browser, "main tbody th")


def field(browser, label):
    found = browser.run(FIELD, label)
    assert found, f"no field {label!r}"
    return found


def status(browser):
    return browser.run(STATUS)


def has_focus(browser, selector):
    return browser.run("return document.activeElement.matches(arguments[0])", selector)


def error(browser):
    """The summary of what went wrong, which has to get the focus: a moment after it is there."""
    browser.wait(lambda: has_focus(browser, "#errors"), "the focus is not on what went wrong")
    return " ".join(texts(browser, "#errors"))


def sees(browser, text):
    """Waits for a text."""
    browser.wait(lambda: text in browser.text, f"no {text!r}")
