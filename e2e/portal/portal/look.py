"""A page in the browser: opened once, then shown in every way that a check asks for."""

import functools
import urllib.parse

from . import hostile, pages
from .world import SCREENSHOTS

WIDE, NARROW = 1280, 320
WIDTHS = (390, WIDE)

# What there is to see and to do, with scripts and without.
CONTENT = """
const visible = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const seen = (selector) => [...document.querySelectorAll(selector)].filter(visible);
const main = document.querySelector('main');
return {
  headings: seen('h1, h2, h3').map((it) => it.innerText.trim()),
  rows: seen('main tr').length,
  items: seen('main li, main dd').length,
  fields: seen('main input, main select, main textarea').length,
  forms: seen('main form button:not([type=button])').length,
  text: main ? main.innerText.trim().length : 0,
};
"""

WIDER = """
const root = document.scrollingElement, width = root.clientWidth;
const scrolls = (it) => /auto|scroll/.test(getComputedStyle(it).overflowX);
const held = (it) => it.parentElement !== document.body
  && (getComputedStyle(it.parentElement).overflowX !== 'visible' || held(it.parentElement));
const sticks = (it) => it.getBoundingClientRect().right > width + 1 && !held(it);
const field = (it) => it.matches('input, textarea, select');
const all = [...document.body.querySelectorAll('*')];
const tell = (it) => it.outerHTML.slice(0, 120);
return {
  scrollWidth: root.scrollWidth, width,
  sticking: all.filter(sticks).map(tell).slice(0, 5),
  unreachable: all.filter((it) => scrolls(it) && it.scrollWidth > it.clientWidth + 1)
    .filter((it) => it.tabIndex < 0 && !field(it)).map(tell),
};
"""

# The first thing that Tab comes to, if it leads to the main part and can be seen once it is there.
SKIP_LINK = """
const kinds = 'a[href], button, input, select, textarea, summary, [tabindex]';
// The sign-in pages have nothing to skip.
if (!document.querySelector('nav')) return null;
const order = [...document.querySelectorAll(kinds)]
  .filter((it) => it.tabIndex >= 0 && !it.disabled && it.type !== 'hidden' && it.checkVisibility());
const tell = (it) => it.outerHTML.slice(0, 120);
const ahead = order.filter((it) => it.tabIndex > 0);
if (ahead.length) return `tabindex above 0: ${tell(ahead[0])}`;
const link = order[0];
if (!link) return 'nothing can be focused';
const target = link.hash && document.getElementById(link.hash.slice(1));
if (!target || !link.getAttribute('href').startsWith('#')) return `no skip link, but ${tell(link)}`;
if (!target.closest('main')) return `it leads to ${tell(target)}`;
link.focus();
const box = link.getBoundingClientRect();
const seen = box.width > 1 && box.height > 1 && link.checkVisibility({ opacityProperty: true })
  && box.top >= 0 && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
link.blur();
return seen ? null : 'it cannot be seen when it has the focus';
"""


class Look:
    def __init__(self, world, page):
        self.world, self.page = world, page
        self.host = urllib.parse.urlsplit(world.origin(page.view.company)).netloc

    @property
    def window(self):
        return self.world.window

    @functools.cached_property
    def opened(self):
        """Opens the page."""
        window = self.window
        window.scripts(True)
        self.world.sign_in(self.page.view)
        window.width(WIDE)
        window.scheme("light")
        window.forget_logs()
        self.world.open(self.page.view, self.page.path)
        return True

    @functools.cached_property
    def said(self):
        """What it logged, asked for and showed until now."""
        self.opened
        window = self.window
        console = [
            f"{entry['level']}: {entry['message']}"
            for entry in window.logs("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]
        asked, dialogs = [], []
        for method, told in window.events():
            if method == "Network.requestWillBeSent":
                asked.append(told["request"]["url"])
            if method == "Page.javascriptDialogOpening":
                dialogs.append(told["message"])
        return {"console": console, "asked": asked, "dialogs": dialogs}

    def run(self, script):
        self.opened
        return self.window.run(script)

    @property
    def elsewhere(self):
        """Requests that left the gate."""
        return [
            url
            for url in self.said["asked"]
            if urllib.parse.urlsplit(url).netloc != self.host and not url.startswith("data:")
        ]

    @property
    def signs(self):
        dialogs = [f"a dialog said {text}" for text in self.said["dialogs"]]
        return dialogs + self.run(hostile.SIGNS)

    @property
    def turned(self):
        return self.run(hostile.TURNED)

    @functools.cached_property
    def content(self):
        return self.run(CONTENT)

    @property
    def skip_link(self):
        return self.run(SKIP_LINK)

    def axe(self, scheme, rules=None):
        self.opened
        self.window.width(WIDE)
        self.window.scheme(scheme)
        return self.window.axe(rules)

    @property
    def narrow(self):
        self.opened
        self.window.scheme("light")
        self.window.width(NARROW)
        return self.window.run(WIDER)

    def photograph(self):
        self.opened
        folder = SCREENSHOTS / self.page.view.name
        for width in WIDTHS:
            self.window.width(width)
            for scheme in self.page.view.schemes:
                self.window.scheme(scheme)
                name = f"{pages.slug(self.page.path)}-{width}-{scheme}.png"
                self.window.photograph(folder / name)

    @property
    def without_scripts(self):
        """The same of the page where no script runs. Nothing is looked at after this."""
        self.content
        self.window.width(WIDE)
        self.window.scripts(False)
        try:
            self.world.open(self.page.view, self.page.path)
            return self.window.run(CONTENT)
        finally:
            self.window.scripts(True)
