"""Opens all pages, goes all journeys, and says how each went."""

import inspect
import shutil
import sys
import time
import traceback

from . import checks, journeys, journeys_company, journeys_people, journeys_tools, pages
from .world import SCREENSHOTS


class Results:
    def __init__(self, filters):
        self.filters = filters
        self.count, self.failed, self.begun = 0, [], time.monotonic()
        self.group, self.good, self.group_begun = None, [], self.begun

    def wants(self, name):
        return not self.filters or any(each in name for each in self.filters)

    def wants_view(self, view):
        """Whether a result of the view may be wanted: no filter names only others."""
        others = {f"[{it.name} " for it in pages.VIEWS if it is not view}
        aimed = lambda text: text.startswith("journeys") or any(it in text for it in others)
        return not self.filters or not all(aimed(each) for each in self.filters)

    def judge(self, name, function, group=None):
        self.count += self.wants(name)
        self.group = group
        try:
            told = function()
        except Exception as error:
            self.failed.append(name)
            # What a check finds says enough by itself.
            said = str(error) if isinstance(error, AssertionError) else ""
            print(f"FAIL  {name}\n{said or traceback.format_exc()}", flush=True)
            return
        for line in told or []:
            print(f"note  {name}\n      {line}", flush=True)
        if group:
            self.good.append(name.split(" ")[0].split(".", 1)[1])
        else:
            print(f"ok    {name}", flush=True)

    def end_group(self):
        if self.good:
            took = time.monotonic() - self.group_begun
            print(f"ok    {self.group} {' '.join(self.good)} ({took:.1f} s)", flush=True)
        self.good, self.group_begun = [], time.monotonic()

    def end(self):
        took = time.monotonic() - self.begun
        print(f"\n{self.count - len(self.failed)} of {self.count} passed in {took:.0f} s")
        for name in self.failed:
            print(f"FAIL  {name}")


def check_pages(world, results):
    found = []
    for view in filter(results.wants_view, pages.VIEWS):
        name = f"pages.are_found [{view.name}]"
        results.judge(name, lambda: found.extend(world.crawl(view)))
    found = [page for page in found if any(map(results.wants, checks.names(page)))]
    if not found:
        return
    world.validate(found)
    took = time.monotonic() - results.begun
    print(f"{len(found)} pages in {took:.0f} s; now in the browser", flush=True)
    results.end_group()
    for page in found:
        checks.check_page(world, page, results)
    name = "pages.hostile_texts_are_shown"
    if results.wants(name) and not results.filters:
        results.judge(name, lambda: checks.hostile_texts_are_shown(found))


def go_journeys(world, results):
    took = []
    for module in (journeys, journeys_people, journeys_tools, journeys_company):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            # Only what the file itself has, not what it imports.
            if not name.startswith("test_") or function.__module__ != module.__name__:
                continue
            full = f"journeys.{name.removeprefix('test_')}"
            if results.wants(full):
                begun = time.monotonic()
                results.judge(full, lambda: function(world))
                took.append(f"{name.removeprefix('test_')} {time.monotonic() - begun:.1f}")
    if took:
        print(f"seconds: {', '.join(took)}", flush=True)


def run(world, filters, _package):
    results = Results(filters)
    if not filters:
        shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    check_pages(world, results)
    go_journeys(world, results)
    results.end()
    if results.failed and filters:
        world.show_logs(sys.stderr)
    # Running nothing is a mistake of the filter, not a success.
    return 0 if results.count and not results.failed else 1
