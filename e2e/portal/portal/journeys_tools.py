"""Tenants, servers and tools, with the keyboard alone: one journey for each page."""

from .journeys import begin
from .keyboard import choose, fill, focus, follow, go, load, press, tab_to, type_text
from .seen import error, field, has_focus, heading, notice, rows, sees, texts

SEARCH = "google_documents_search_documents"


def test_tenants(world):
    browser = begin(world, "/tenants")
    follow(browser, "Add a tenant")
    fill(browser, "ID", "journey")
    fill(browser, "Name", "Journey")
    go(browser, "Add")
    assert notice(browser) == "Added tenant journey."
    tab_to(browser, "Change")
    press(browser, "Enter")
    fill(browser, "Name", "Long journey")
    fill(browser, "Description", "From here to there")
    go(browser, "Save")
    assert heading(browser) == "Long journey", heading(browser)
    assert notice(browser) == "Changed tenant journey."
    sees(browser, "From here to there")


def test_servers(world):
    browser = begin(world, "/servers")
    follow(browser, "Add a server")
    fill(browser, "ID", "journey-server")
    fill(browser, "URL", "tools.example.com/mcp")
    go(browser, "Add")
    assert "url" in error(browser).lower(), texts(browser, "#errors")
    wrong = field(browser, "URL")
    assert wrong == {"value": "tools.example.com/mcp", "wrong": True}, wrong
    assert field(browser, "ID") == {"value": "journey-server", "wrong": False}
    fill(browser, "URL", "https://tools.example.com/mcp")
    go(browser, "Try again")
    assert notice(browser) == "Added server journey-server."
    sees(browser, "https://tools.example.com/mcp")


def test_connections(world):
    world.api("POST", "/tenants", {"id": "linked"})
    browser = begin(world, "/connections")
    follow(browser, "Add a connection")
    choose(browser, "Tenant", "linked")
    choose(browser, "Server", "github")
    go(browser, "Add")
    assert notice(browser) == "Added connection linked/github."
    go(browser, "Test now")
    steps = texts(browser, "ol li")
    assert len(steps) > 1 and all(step.startswith("done") for step in steps), steps
    follow(browser, "Back to the connection")
    go(browser, "Disable")
    assert "disabled" in texts(browser, ".facts .badge"), texts(browser, ".facts .badge")
    go(browser, "Enable")
    assert "disabled" not in texts(browser, ".facts .badge")


def test_secret_is_not_shown(world):
    browser = begin(world, "/connections/google/documents")
    fill(browser, "Send as", "nowhere")
    fill(browser, "Secret", "open-sesame")
    go(browser, "Set the credential")
    assert "placement" in error(browser) and field(browser, "Send as")["wrong"]
    assert "open-sesame" not in browser.source
    kind = browser.run("return document.querySelector('[name=secret]').type")
    assert kind == "password", f"the secret is to be written again in a field of type {kind}"


def test_tools_search(world):
    browser = begin(world, "/tools")
    before = load(browser)
    tab_to(browser, "Name or description")
    type_text(browser, "google search")
    searched = lambda: rows(browser) == [SEARCH]
    browser.wait(searched, "the list does not follow what is typed", seconds=3)
    assert load(browser) == before, "the whole page came anew"
    assert focus(browser)[1] == "Name or description", f"the focus went to {focus(browser)}"


def test_tools(world):
    browser = begin(world, "/tools")
    fill(browser, "Name or description", "google search")
    tab_to(browser, "Search", "button")
    press(browser, "Enter")
    browser.wait(lambda: rows(browser) == [SEARCH], "the button does not search")
    follow(browser, SEARCH)
    fill(browser, "query (required)", "holiday")
    go(browser, "Call")
    assert "answered" in texts(browser, "#result h3")[0], texts(browser, "#result")
    browser.wait(lambda: has_focus(browser, "#result"), "the focus is not on the result")
    assert field(browser, "query (required)")["value"] == "holiday", "what was typed is gone"


def test_grants(world):
    browser = begin(world, "/grants")
    follow(browser, "Add a grant")
    before = load(browser)
    fill(browser, "Group", "engineers")
    choose(browser, "Tenant", "google")
    sees(browser, "2 of 2 tools")
    tab_to(browser, "Only tools that match")
    type_text(browser, "search_*")
    sees(browser, "1 of 2 tools")
    assert load(browser) == before, "the whole page came anew"
    assert focus(browser)[1] == "Only tools that match", f"the focus went to {focus(browser)}"
    go(browser, "Add")
    assert notice(browser).startswith("Added grant"), notice(browser)
    sentence = next(each for each in texts(browser, "main a") if "search_*" in each)
    follow(browser, sentence)
    assert heading(browser) == sentence and "engineers" in sentence, sentence
    go(browser, "Remove the grant")
    assert notice(browser).startswith("Removed grant"), notice(browser)
    assert sentence not in texts(browser, "main a")
