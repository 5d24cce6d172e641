"""What the page names is there: commands, fields, and the words of Open WebUI's pages."""

import re

from doors import test_docs
from doors.world import TOOLS

from . import page
from .world import CHAT

# Commands of the page that tests run or the world starts with; the others fail the test below.
TRIED = [
    ["serve"],
    ["group", "add"],
    ["user", "add"],
    ["open-webui", "setup"],
    ["open-webui", "check"],
    ["open-webui", "undo"],
    ["key", "add"],
    ["audit"],
    ["explain"],
    ["user", "change"],
]


def test_every_shown_command_is_tried(_):
    shown = page.commands()
    tried = [page.command(*words) for words in TRIED]
    assert shown == tried, [each for each in shown if each not in tried]


def test_mentioned_commands_are_there(_):
    test_docs.test_mentioned_commands_are_there(None, page.PATH.name)


def test_mentioned_settings_are_there(world):
    shown = world.processes.run("help", [test_docs.GATEHALL, "serve", "--help"])
    for name in set(re.findall(r"GATEHALL_[A-Z_]+", page.TEXT)):
        assert f"[env: {name}" in shown, name


def test_form_and_file_say_the_same(_):
    form, file = page.form(), page.connection("mcp", "http://gate:8080", "ghk_…")
    plain = {field: value.strip("`") for field, value in form.items()}
    assert plain["Name"] == file["info"]["name"]
    assert plain["Connection ID"] == file["info"]["id"]
    assert plain["URL"].startswith(f"{file['url']}`,")
    assert "MCP Streamable HTTP" in plain["Type"] and file["type"] == "mcp"
    assert "Bearer" in plain["Auth"] and file["auth_type"] == "bearer"
    everybody = {"principal_type": "user", "principal_id": "*", "permission": "read"}
    assert "Public" in plain["Access Control"] and file["config"]["access_grants"] == [everybody]


def test_version_is_the_one_that_runs(_):
    (pinned,) = re.findall(r"open-webui==(\S+)", (CHAT / "requirements.txt").read_text())
    assert f"Open WebUI {pinned}," in page.TEXT


def test_labels_are_those_of_the_pages(_):
    """Words in italics, which may be of a label that a name stands in."""
    (site,) = (TOOLS / "chat/lib").glob("python3*/site-packages/open_webui")
    built = site / "frontend/_app/immutable"
    texts = [path.read_text() for path in built.rglob("*.js")]
    texts += [(site / "utils/middleware.py").read_text()]
    # The name that the page gives to the connection, and the word that it explains italics with.
    own = {page.connection("mcp", "", "")["info"]["name"], "italics"}
    strange = []
    for label in set(page.labels()) - own:
        # Some are put together: of two shades, or with a name.
        part = label.removeprefix("MCP ").removesuffix("'gatehall'").rstrip("… ")
        if not any(part in text for text in texts):
            strange.append(label)
    assert not strange, strange
