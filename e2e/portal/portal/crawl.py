"""Asks for pages without a browser, keeps what came, and finds where its links lead."""

import collections
import dataclasses
import html.parser
import re
import urllib.parse

from doors.client import JUMPS

from . import pages


class Outline(html.parser.HTMLParser):
    """What a page's source says about itself."""

    VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}

    def __init__(self, text):
        super().__init__()
        self.lang, self.title, self.headings = None, "", []
        self.links, self.inline, self.within = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag not in self.VOID:
            self.within.append(tag)
        if tag == "html":
            self.lang = named.get("lang")
        if tag == "h1":
            self.headings.append("")
        if tag == "a" and named.get("href") is not None and "download" not in named:
            self.links.append(named["href"])
        if tag == "style" or (tag == "script" and not named.get("src")):
            self.inline.append(f"<{tag}>")
        for name, value in attributes:
            if name == "style" or name.startswith("on"):
                self.inline.append(f'<{tag} {name}="{value}">')
            if re.match(r"\s*(javascript|data|vbscript):", value or "", re.I) and name in (
                *("href", "src", "action", "formaction", "data"),
            ):
                self.inline.append(f'<{tag} {name}="{value}">')

    def handle_endtag(self, tag):
        if tag in self.within:
            while self.within.pop() != tag:
                pass

    def handle_data(self, data):
        if "title" in self.within and "svg" not in self.within:
            self.title += data
        if "h1" in self.within:
            self.headings[-1] += data


@dataclasses.dataclass
class Page:
    """A page as it came, and where it is kept."""

    view: pages.View
    path: str
    answer: object
    outline: Outline | None = None
    file: object = None
    invalid: list | None = None
    # The page with a link to it, unless it is listed.
    linked_from: str | None = None

    @property
    def name(self):
        return f"[{self.view.name} {self.path}]"

    @property
    def is_listed(self):
        return self.linked_from is None


def is_html(answer):
    return (answer.header("content-type") or "").startswith("text/html")


def target(url, base):
    """The path of a link that stays here, as browsers ask for it."""
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(url, base))
    except ValueError:
        return None
    here = urllib.parse.urlsplit(url)
    if (parts.scheme, parts.netloc) != (here.scheme, here.netloc):
        return None
    encoded = lambda text: urllib.parse.quote(text, safe="!$&'()*+,/:;=?@[]%|~")
    path = encoded(parts.path) or "/"
    return path + (f"?{encoded(parts.query)}" if parts.query else "")


def crawl(view, visitor, origin, folder):
    """All pages that the view lists or reaches, up to a bound for each shape."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = pages.listed(view)
    waiting, seen, found = [(path, None) for path in listed], set(listed), []
    counts = collections.Counter(map(pages.shape, listed))
    while waiting:
        path, linked_from = waiting.pop(0)
        answer = visitor.get(origin + path)
        elsewhere = answer.header("location") if answer.status in JUMPS else None
        # Only the start page may send somebody on; any other that is listed must be there.
        if elsewhere and (path not in listed or path == "/"):
            links = [elsewhere]
        elif answer.status == 200 and not is_html(answer) and path not in listed:
            continue
        else:
            page = Page(view, path, answer, Outline(answer.text), linked_from=linked_from)
            page.file = folder / f"{len(found):03}-{pages.slug(path)}.html"
            page.file.write_bytes(answer.body)
            found.append(page)
            links = page.outline.links
        for link in links:
            further = target(answer.url, link)
            if further is None or further in seen or pages.NOT_PAGES.match(further):
                continue
            seen.add(further)
            kind = pages.shape(further)
            counts[kind] += 1
            if counts[kind] <= view.per_shape:
                waiting.append((further, path))
    return found
