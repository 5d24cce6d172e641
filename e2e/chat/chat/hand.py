"""Somebody's hand on Open WebUI's pages: it clicks what is written there."""

# Clicks the last thing that shows this text, or is called so.
CLICK = r"""
const [text] = arguments;
const shown = (it) => it.offsetParent !== null && !it.closest('[inert]');
const named = (it) => it.innerText?.trim().replace(/\s+\d+$/, '') === text || it.ariaLabel === text;
const all = [...document.querySelectorAll('button, a, label, [role=menuitem], div, span')];
const found = all.filter((it) => shown(it) && named(it)).pop();
found?.scrollIntoView({ block: 'center' });
found?.click();
return Boolean(found);
"""

# WebDriver's name for the key.
ENTER = "\ue007"


class Hand:
    """Whoever is signed in with the browser."""

    def __init__(self, browser):
        self.browser = browser

    def press(self, text, seconds=30):
        self.browser.wait(lambda: self.browser.run(CLICK, text), f"no {text}", seconds)

    def sees(self, text, seconds=30):
        self.browser.wait(lambda: text in self.browser.text, f"no {text}", seconds)

    def has_tools(self, seconds=30):
        """Waits for the wrench: tools that a model brings along are on a moment after the page is."""
        self.browser.find("button[aria-label='Available Tools']", seconds)

    def says(self, text):
        """Sends a message."""
        self.browser.type("#chat-input", f"{text}{ENTER}")

    def close(self):
        self.browser.close()
