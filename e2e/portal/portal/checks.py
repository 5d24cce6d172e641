"""What every page has to satisfy. Each function is one result of each page."""

import html
import re

from .hostile import TEXTS
from .look import Look

BAD = ("serious", "critical")


def list_of(findings, what):
    assert not findings, f"{what}:\n" + "\n".join(f"  {each}" for each in findings)


# Of the answer.


def status(page, _look):
    answer = page.answer
    came = f"{answer.status} {answer.header('location') or ''}"
    assert answer.status == 200, f"{came}, linked from {page.linked_from}"
    kind = page.answer.header("content-type")
    assert kind == "text/html; charset=utf-8", kind


def headers(page, _look):
    answer, wrong = page.answer, []
    policies = answer.all("content-security-policy")
    policy = policies[0] if policies else ""
    if len(policies) != 1 or not policy.startswith("default-src 'none'"):
        wrong.append(f"Content-Security-Policy: {policies}")
    for part in ("form-action", "frame-ancestors 'none'", "base-uri 'none'"):
        if part not in policy:
            wrong.append(f"no {part} in {policy}")
    if "unsafe-" in policy or "*" in policy:
        wrong.append(f"too wide: {policy}")
    if "no-store" not in (answer.header("cache-control") or ""):
        wrong.append(f"Cache-Control: {answer.header('cache-control')}")
    if answer.header("x-content-type-options") != "nosniff":
        wrong.append(f"X-Content-Type-Options: {answer.header('x-content-type-options')}")
    if answer.header("referrer-policy") not in ("no-referrer", "same-origin"):
        wrong.append(f"Referrer-Policy: {answer.header('referrer-policy')}")
    list_of(wrong, "headers")


# Of the source.


def valid(page, _look):
    list_of(page.invalid, f"html-validate about {page.file}")


def outline(page, _look):
    it = page.outline
    assert len(it.headings) == 1 and it.headings[0].strip(), f"h1: {it.headings}"
    assert it.title.strip(), "no title"
    assert it.lang, "no lang"


def nothing_inline(page, _look):
    list_of(page.outline.inline, "inline")


# In the browser.


def quiet(_page, look):
    list_of(look.said["console"], "the console")
    list_of(look.elsewhere, "asked elsewhere")


def only_text(_page, look):
    list_of(look.signs, "a hostile text was more than text")
    list_of(look.turned, "turned text that nothing keeps apart")


def axe(look, scheme, rules=None):
    findings = look.axe(scheme, rules)
    told = [
        f"{it['impact']} {it['id']}: {it['help']}\n      {target}: {why}"
        for it in findings
        for target, why in it["nodes"] or [("the page", "")]
    ]
    if any(it["impact"] in BAD for it in findings):
        list_of(told, "axe")
    # What is less than serious is told, too, but fails nothing.
    return told


def axe_light(_page, look):
    return axe(look, "light")


def axe_dark(_page, look):
    # All but the colours is the same.
    return axe(look, "dark", ["color-contrast"])


def fits_320(_page, look):
    found = look.narrow
    assert found["scrollWidth"] <= found["width"], found
    list_of(found["unreachable"], "scrolls, but the keyboard cannot")


def pictures(_page, look):
    look.photograph()


def skip_link(_page, look):
    assert look.skip_link is None, look.skip_link


def without_scripts(_page, look):
    with_scripts, without = look.content, look.without_scripts
    assert without["headings"] == with_scripts["headings"], (with_scripts, without)
    for what in ("rows", "items", "fields", "forms"):
        assert without[what] >= with_scripts[what], (what, with_scripts, without)
    assert without["text"] > 0, "main is empty"


# In the order in which they change how the page is shown; the last one opens it anew.
CHECKS = [
    *(status, headers, valid, outline, nothing_inline),
    # What comes with a page a little later comes while axe works.
    *(axe_light, quiet, only_text, axe_dark, fits_320, pictures, skip_link, without_scripts),
]


# These say the same in every company.
CLOSELY = [axe_dark, pictures, skip_link, without_scripts]


def names(page):
    # What is no page is judged as none.
    wanted = CHECKS if page.answer.status == 200 else [status]
    return {
        f"pages.{check.__name__} {page.name}": check
        for check in wanted
        if page.view.closely or check not in CLOSELY
        if page.is_listed or check is not pictures
    }


def check_page(world, page, results):
    """All checks of one page that are wanted; what went well is told in one line."""
    look = None
    for name, check in names(page).items():
        if results.wants(name):
            look = look or Look(world, page)
            results.judge(name, lambda: check(page, look), group=f"pages {page.name}")
    results.end_group()


def hostile_texts_are_shown(found):
    """Texts that no page shows would be tested in vain."""
    texts = [page.answer.text for page in found if page.view.company == "hostile"]
    # Pages leave out what turns texts round.
    plain = lambda text: re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)
    shown = plain(html.unescape("".join(texts)))
    missing = [name for name, text in TEXTS.items() if plain(text)[:20] not in shown]
    list_of(missing, "hostile texts that are on no page")
