"""A real Chromium, driven through chromedriver by WebDriver's own HTTP and JSON."""

import base64
import json
import time
import urllib.error
import urllib.request

from .processes import free_port
from .proxies import program

# WebDriver's name for a reference to an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class WebDriverError(Exception):
    pass


class Browser:
    """One window with its tabs. Names under localhost lead to this machine by themselves."""

    def __init__(self, processes, tools, name="chromedriver", arguments=()):
        port = free_port()
        self.processes, self.name = processes, name
        # Chromium wants a home it can write to, and takes the first display it finds.
        home = processes.folder / name
        home.mkdir(exist_ok=True)
        processes.start(
            name, [program(tools, "chromedriver"), f"--port={port}"], {"HOME": str(home)}, port
        )
        self.base = f"http://127.0.0.1:{port}/session"
        options = {
            "binary": program(tools, "chromium"),
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={home / 'profile'}",
                "--window-size=1200,900",
                *arguments,
            ],
        }
        started = self._call(
            "POST",
            "",
            {
                "capabilities": {
                    "alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}
                }
            },
        )
        self.base += f"/{started['sessionId']}"

    def _call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(
            f"{self.base}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise WebDriverError(f"{value['error']}: {value['message']}") from None

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    @property
    def url(self):
        return self._call("GET", "/url")

    @property
    def title(self):
        return self._call("GET", "/title")

    @property
    def source(self):
        return self._call("GET", "/source")

    @property
    def text(self):
        return self.run("return document.body ? document.body.innerText : ''")

    def run(self, script, *arguments):
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def back(self):
        self._call("POST", "/back")

    def reload(self):
        self._call("POST", "/refresh")

    # Elements are given by a CSS selector.

    def find_all(self, selector):
        return [
            each[ELEMENT]
            for each in self._call(
                "POST", "/elements", {"using": "css selector", "value": selector}
            )
        ]

    def find(self, selector, seconds=10):
        return self.wait(lambda: self.find_all(selector), f"no {selector}", seconds)[0]

    def click(self, selector):
        self._call("POST", f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        element = self.find(selector)
        self._call("POST", f"/element/{element}/clear")
        self._call("POST", f"/element/{element}/value", {"text": text})

    def wait(self, condition, message="waited in vain", seconds=10):
        end = time.monotonic() + seconds
        while True:
            if found := condition():
                return found
            if time.monotonic() > end:
                raise AssertionError(f"{message} at {self.url}: {self.text[:500]}")
            time.sleep(0.05)

    def wait_for_url(self, part, seconds=10):
        self.wait(lambda: part in self.url, f"never at {part}", seconds)

    # Cookies of the page that is open.

    def cookies(self):
        return {each["name"]: each for each in self._call("GET", "/cookie")}

    def delete_cookies(self):
        self._call("DELETE", "/cookie")

    # Tabs.

    def tab(self):
        return self._call("GET", "/window")

    def new_tab(self):
        """Opens a tab and goes to it; gives its handle for switch()."""
        handle = self._call("POST", "/window/new", {"type": "tab"})["handle"]
        self.switch(handle)
        return handle

    def switch(self, handle):
        self._call("POST", "/window", {"handle": handle})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def sign_in(self, account):
        """At the test provider's page."""
        self.type("#login", account)
        self.click("#sign-in")

    def close(self):
        try:
            self._call("DELETE", "")
        finally:
            self.processes.stop(self.name)
