"""The doors' browser, with what looking closely at a page needs besides."""

import base64
import json

from doors.browser import ELEMENT, Browser

TALLEST = 4000
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

RUN_AXE = """
const [only, done] = arguments;
axe.run(document, { runOnly: only, resultTypes: ['violations'], preload: false }).then(
  (all) => done(all.violations.map((it) => ({
    id: it.id, impact: it.impact, help: it.help,
    nodes: it.nodes.map((node) => [
      node.target.flat().join(' '),
      [...node.any, ...node.all, ...node.none].map((check) => check.message).join('; '),
    ]),
  }))),
  (error) => done([{ id: 'axe', impact: 'critical', help: String(error), nodes: [] }]));
"""


class Window(Browser):
    """Chromium that tells what it logged and asked for, and shows pages as others see them."""

    def __init__(self, processes, tools):
        self.axe_source = (tools / "portal/node_modules/axe-core/axe.min.js").read_text()
        super().__init__(processes, tools)
        self.cdp("Emulation.setScrollbarsHidden", hidden=True)

    def _call(self, method, path, body=None):
        if method == "POST" and path == "":
            wanted = body["capabilities"]["alwaysMatch"]
            wanted["goog:loggingPrefs"] = {"browser": "ALL", "performance": "ALL"}
            # A dialog of a hostile text must not stop the test; the log tells of it.
            wanted["unhandledPromptBehavior"] = "dismiss"
        return super()._call(method, path, body)

    def cdp(self, command, **parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def logs(self, kind):
        """What was logged since the last call."""
        return self._call("POST", "/se/log", {"type": kind})

    def events(self):
        """Chromium's own events since the last call, as (method, parameters)."""
        for entry in self.logs("performance"):
            event = json.loads(entry["message"])["message"]
            yield event["method"], event["params"]

    def forget_logs(self):
        for kind in ("browser", "performance"):
            self.logs(kind)

    def run_later(self, script, *arguments):
        """Runs a script whose last argument is a function that takes its result."""
        return self._call("POST", "/execute/async", {"script": script, "args": list(arguments)})

    # How the page is shown.

    def scheme(self, name):
        self.cdp(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": name},
                # Colours that are still on their way are no colours to judge.
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )

    def width(self, pixels, height=900):
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=pixels,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scripts(self, run):
        self.cdp("Emulation.setScriptExecutionDisabled", value=not run)

    def photograph(self, path):
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "scale": 1}
        clip["height"] = min(size["height"], TALLEST)
        shot = self.cdp(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def axe(self, rules=None):
        """What axe finds in the page as it is shown now, by all rules or by some."""
        if not self.run("return typeof axe === 'object'"):
            self.run(self.axe_source)
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": AXE_TAGS}
        return self.run_later(RUN_AXE, only)

    # The keyboard; `keyboard.py` has more.

    def keys(self, *strokes):
        """Strokes are (type, key): keyDown or keyUp."""
        actions = [{"type": kind, "value": key} for kind, key in strokes]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("POST", "/actions", {"actions": [source]})

    def focused(self):
        """The element that has the focus."""
        return self._call("GET", "/element/active")[ELEMENT]

    def label(self, element):
        """Its name, as Chromium computes it for assistive programs."""
        return self._call("GET", f"/element/{element}/computedlabel")

    def role(self, element):
        return self._call("GET", f"/element/{element}/computedrole")

    def reference(self, element):
        """The element as an argument of a script."""
        return {ELEMENT: element}
