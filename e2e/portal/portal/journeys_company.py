"""The company as a whole, with the keyboard alone: one journey for each page."""

import re

from .journeys import begin
from .keyboard import enter, fill, follow, go, load, tab_to
from .seen import has_focus, heading, notice, rows, sees, texts


def test_overview(world):
    person = "olga@company.example"
    world.api("POST", "/users", {"email": person})
    browser = begin(world, "/overview")
    follow(browser, re.compile(r"\d+ users?"))
    assert heading(browser) == "Users" and person in rows(browser), rows(browser)
    follow(browser, person)
    assert heading(browser) == person


def test_overview_keeps_the_focus(world):
    """The page looks again every ten seconds; who reads it stays where they are."""
    browser = begin(world, "/overview")
    tab_to(browser, "All connections")
    old = browser.run("return performance.now()")
    looked = """
    return performance.getEntriesByType('resource').some((it) => it.responseEnd > arguments[0]
      && it.responseEnd < performance.now() - 300 && new URL(it.name).pathname === '/overview')
    """
    browser.wait(lambda: browser.run(looked, old), "it does not look again", seconds=15)
    where = browser.run("return document.activeElement.id || document.activeElement.tagName")
    assert where == "all-connections", f"the focus is on {where}"


def test_import(world):
    person = "ivy@company.example"
    browser = begin(world, "/import")
    fill(browser, "Or paste its content", f"email,name,groups\n{person},Ivy,engineers")
    go(browser, "Show the plan")
    assert heading(browser) == "Import plan" and person in rows(browser)
    go(browser, re.compile(r"Apply \d+ changes?"))
    assert "ivy@" in notice(browser), notice(browser)
    assert world.api("GET", f"/users/{person}")["name"] == "Ivy"
    go(browser, "Undo")
    found = world.api("GET", f"/users?q={person}")["users"]["rows"]
    assert found == [], found


def test_import_wrong_row(world):
    browser = begin(world, "/import")
    text = "email,name\nivo@company.example,Ivo\nno address,Nobody"
    fill(browser, "Or paste its content", text)
    go(browser, "Show the plan")
    wrong = [row for row in texts(browser, "main tbody tr") if "no address" in row]
    assert len(wrong) == 1 and "3" in wrong[0].split()[1], wrong
    sees(browser, "1 row is wrong and will not be applied.")
    follow(browser, "Import another file")
    assert heading(browser) == "Import"


def test_audit(world):
    world.call("bob@microsoft.example", "google_documents_search_documents")
    newest = lambda: world.api("GET", "/audit?q=outcome:denied")["events"][:1]
    denied = lambda: "bob@microsoft.example" in str(newest())
    world.window.wait(denied, "the denial is not recorded")
    browser = begin(world, "/audit")
    fill(browser, "Search", "outcome:denied", role="searchbox")
    enter(browser)
    outcomes = texts(browser, "tbody td:nth-of-type(4)")
    assert outcomes and set(outcomes) == {"denied"}, outcomes
    follow(browser, re.compile(r"outcome:denied\s+Remove this filter"))
    assert "changed" in texts(browser, "tbody td:nth-of-type(4)")
    fill(browser, "Search", "outcome:denied", role="searchbox")
    enter(browser)
    follow(browser, re.compile(r"\d{4}-\d\d-\d\d.*"))
    sees(browser, "What decided")
    assert "bob@microsoft.example" in texts(browser, ".facts dd")


def test_audit_follows(world):
    person = "fay@company.example"
    browser = begin(world, "/audit?q=kind:user")
    follow(browser, "Follow")
    before = load(browser)
    world.api("POST", "/users", {"email": person})
    sees(browser, person)
    tab_to(browser, re.compile(r"\d{4}-\d\d-\d\d.*"))
    element = browser.run("return document.activeElement.id")
    world.api("PATCH", f"/users/{person}", {"name": "Fay"})
    newest = lambda: texts(browser, "tbody td:nth-of-type(2)")[0] == "change"
    browser.wait(newest, "what is new does not appear")
    assert load(browser) == before, "the whole page came anew"
    assert has_focus(browser, f"#{element}"), "the focus is gone"


def test_session_ends_meanwhile(world):
    browser = begin(world, "/audit?q=kind:user&follow=1")
    seen = rows(browser)
    world.api("POST", "/users/ada@company.example/sign-out", {})
    sees(browser, "You are no longer signed in.")
    assert rows(browser) == seen, "what was there is gone"
    world.forget()


def test_settings(world):
    browser = begin(world, "/settings")
    go(browser, "Run diagnostics")
    assert heading(browser) == "Diagnostics"
    assert rows(browser) and len(texts(browser, "tbody .badge")) == len(rows(browser))
    go(browser, "Run diagnostics again")
    assert heading(browser) == "Diagnostics"
