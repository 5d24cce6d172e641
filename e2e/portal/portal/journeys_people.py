"""People and what they may, with the keyboard alone: one journey for each page."""

from .journeys import ALICE, begin
from .keyboard import fill, focus, follow, go, load, press, tab_to, type_text
from .seen import error, field, heading, notice, rows, sees, status, texts

# The cells of the matrix that are ticked.
TICKED = "return [...document.querySelectorAll('.matrix :checked')].map((it) => it.value)"


def test_users_search(world):
    world.api("POST", "/users", {"email": "nora@company.example", "name": "Nora"})
    browser = begin(world, "/users")
    before = load(browser)
    tab_to(browser, "Email or name")
    type_text(browser, "nor")
    searched = lambda: rows(browser) == ["nora@company.example"]
    browser.wait(searched, "the list does not follow what is typed", seconds=3)
    assert load(browser) == before, "the whole page came anew"
    assert focus(browser)[1] == "Email or name", f"the focus went to {focus(browser)}"
    assert "q=nor" in browser.url, browser.url
    said = browser.run("return document.querySelector('#found-count').textContent")
    assert said == "1 to 1 of 1 users", f"it is announced as {said!r}"


def test_users(world):
    person = "niels@company.example"
    world.api("POST", "/users", {"email": person, "name": "Niels"})
    browser = begin(world, "/users")
    follow(browser, person)
    go(browser, "Disable")
    assert notice(browser) == f"Disabled user {person}."
    assert "disabled" in texts(browser, ".facts .badge")
    go(browser, "Undo")
    assert notice(browser) == f"Enabled user {person}."
    assert "enabled" in texts(browser, ".facts .badge")


def test_user(world):
    person = "ulla@company.example"
    world.api("POST", "/users", {"email": person})
    browser = begin(world, f"/users/{person}")
    fill(browser, "Add to a group", "engineers")
    go(browser, "Add")
    assert rows(browser) == ["engineers"], rows(browser)
    assert "engineers" in notice(browser), notice(browser)
    go(browser, "Remove from engineers")
    sees(browser, "Not in any group.")


def test_groups(world):
    browser = begin(world, "/groups")
    follow(browser, "Add a group")
    fill(browser, "Name", "readers")
    fill(browser, "Description", "People who read")
    go(browser, "Add")
    assert heading(browser) == "readers" and "readers" in notice(browser)
    fill(browser, "Email addresses", "alice@google.example\nbob@microsoft.example")
    go(browser, "Add")
    assert rows(browser) == ["alice@google.example", "bob@microsoft.example"], rows(browser)


def test_groups_unknown_address(world):
    world.api("POST", "/groups", {"group": "writers"})
    pasted = "alice@google.example\nnobody@nowhere.example"
    browser = begin(world, "/groups/writers")
    fill(browser, "Email addresses", pasted)
    go(browser, "Add")
    assert "nobody@nowhere.example" in error(browser)
    assert heading(browser) == "Not saved", "the title speaks of something else"
    assert field(browser, "Email addresses")["value"] == pasted, "what was typed is gone"
    # Nobody was put in; mended, all are.
    assert world.api("GET", "/groups/writers")["members"]["rows"] == []
    fill(browser, "Email addresses", "alice@google.example")
    go(browser, "Try again")
    assert rows(browser) == ["alice@google.example"], rows(browser)


def test_members(world):
    world.api("POST", "/users", {"email": "mia@company.example"})
    world.api("POST", "/groups", {"group": "m-first"})
    browser = begin(world, "/members?q=company&groups=m-first")
    assert texts(browser, "#pending") == ["No pending changes."]
    tab_to(browser, "mia@company.example in m-first")
    press(browser, "Space")
    sees(browser, "1 added, 0 removed, 0 people lose tools, 0 gain some.")
    go(browser, "Review")
    assert texts(browser, "ins") == ["mia@company.example m-first"]
    go(browser, "Apply")
    assert "mia@company.example" in notice(browser), notice(browser)
    assert browser.run(TICKED) == ["mia@company.example m-first"]
    go(browser, "Undo")
    assert browser.run(TICKED) == []


def test_members_of_several_pages(world):
    person = "max@company.example"
    world.api("POST", "/users", {"email": person, "groups": ["google-employees"]})
    world.api("POST", "/groups", {"group": "n-first"})
    browser = begin(world, f"/members?q={person}&groups=n-first")
    tab_to(browser, f"{person} in n-first")
    press(browser, "Space")
    sees(browser, "1 added, 0 removed")
    fill(browser, "Groups", "google", "searchbox")
    go(browser, "Show")
    # What is ticked elsewhere goes along.
    assert browser.run(TICKED) == [f"{person} google-employees"]
    sees(browser, "1 added, 0 removed")
    tab_to(browser, f"{person} in google-employees")
    press(browser, "Space")
    sees(browser, "1 added, 1 removed, 1 person loses tools, 0 gain some.")
    go(browser, "Review")
    assert texts(browser, "ins") == [f"{person} n-first"]
    assert texts(browser, "del") == [f"{person} google-employees"]
    assert f"People who lose tools: {person}" in browser.text
    # Nothing is lost on the way back either, and ticking again takes it back.
    go(browser, "Back to the matrix")
    assert browser.run(TICKED) == []
    tab_to(browser, f"{person} in google-employees")
    press(browser, "Space")
    sees(browser, "1 added, 0 removed")
    go(browser, "Review")
    go(browser, "Apply")
    groups = [row["group"] for row in world.api("GET", f"/users/{person}")["memberships"]]
    assert sorted(groups) == ["google-employees", "n-first"], groups


def test_members_by_arrows(world):
    browser = begin(world, "/members?q=e&groups=employees")
    tab_to(browser, "ada@company.example in google-employees")
    press(browser, "Right")
    assert focus(browser)[1] == "ada@company.example in microsoft-employees", focus(browser)
    press(browser, "Down")
    assert focus(browser)[1] == "alice@google.example in microsoft-employees", focus(browser)
    press(browser, "Left")
    assert focus(browser)[1] == "alice@google.example in google-employees", focus(browser)
    press(browser, "Up")
    assert focus(browser)[1] == "ada@company.example in google-employees", focus(browser)


def test_access(world):
    tool = "google_documents_search_documents"
    person = "axel@company.example"
    world.api("POST", "/users", {"email": person, "groups": ["microsoft-employees"]})
    browser = begin(world, "/access")
    fill(browser, "Email", person)
    go(browser, "Explain")
    follow(browser, "microsoft_documents_search_documents")
    assert "can use" in " ".join(texts(browser, "h2").pop(0).split())
    # One that is missing.
    fill(browser, "Tool", tool)
    go(browser, "Explain")
    assert "cannot use" in " ".join(texts(browser, "h2").pop(0).split())
    go(browser, f"Add {person} to google-employees")
    assert person in notice(browser), notice(browser)
    browser.open(f"{world.origin('demo')}/access?user={person}&tool={tool}")
    assert " can use" in " ".join(texts(browser, "h2").pop(0).split())


def test_keys(world):
    browser = begin(world, "/keys")
    follow(browser, "Create a key")
    fill(browser, "Owner", "alice@google.example")
    fill(browser, "Name", "journey")
    go(browser, "Create the key")
    assert texts(browser, "#key")[0].startswith("ghk_")
    tab_to(browser, "Copy")
    press(browser, "Enter")
    sees(browser, "Copied")
    follow(browser, "Done")
    follow(browser, "journey")
    fill(browser, "Name or ID", "another")
    go(browser, "Revoke")
    assert "name of the key" in error(browser)
    assert field(browser, "Name or ID")["wrong"], "the field is not marked"
    fill(browser, "Name or ID", "journey")
    go(browser, "Try again")
    assert "journey" in notice(browser), notice(browser)
    states = dict(zip(rows(browser), texts(browser, "tbody td:nth-of-type(2)"), strict=True))
    assert "revoked" in states["journey"], states


def test_me(world):
    browser = begin(world, "/me", ALICE)
    assert "google_documents_search_documents" in browser.text
    fill(browser, "Name of the new key", "laptop")
    go(browser, "Create a key")
    assert texts(browser, "#key")[0].startswith("ghk_")
    follow(browser, "Done")
    states = lambda: texts(browser, "tbody td:nth-of-type(1)")
    at = rows(browser).index("laptop")
    assert states()[at] == "live"
    tab_to(browser, "Revoke laptop")
    press(browser, "Enter")
    go(browser, "Revoke laptop", "button")
    assert "laptop" in notice(browser), notice(browser)
    assert states()[at] == "revoked", states()


def test_two_administrators(world):
    person = "tom@company.example"
    world.api("POST", "/users", {"email": person, "name": "Tom"})
    browser = begin(world, f"/users/{person}")
    tab_to(browser, "Change")
    press(browser, "Enter")
    # Somebody else is faster.
    world.api("PATCH", f"/users/{person}", {"name": "Tom the first"})
    fill(browser, "Name", "Tom the second")
    go(browser, "Save")
    assert status(browser) == 409 and "omeone else" in error(browser)
    assert field(browser, "Name")["value"] == "Tom the second"
    assert "Current value: Tom the first" in browser.text.replace("“", "").replace("”", "")
    go(browser, "Overwrite with mine")
    assert "Tom the second" in texts(browser, ".facts dd")
