"""The rows of the page's table, provoked: what is seen is what the page says, and its remedy helps.

The tests leave the gate and the connections as the page has set them up.
"""

import json
import re
import time
import urllib.error
import urllib.request

import jwt

from doors.runner import table

from . import page
from .open_webui import Refused
from .world import PEOPLE, SEARCH, SECRET, TOOL

FAILED = ["Failed to connect to MCP server 'gatehall'"]


def row(*words):
    """The page has a row with these words."""
    rows = [line for line in page.TEXT.splitlines() if line.startswith("| ")]
    found = [line for line in rows if all(word in line for word in words)]
    assert len(found) == 1, (words, found)


def refused(world, rule):
    world.wait(lambda: rule in str(world.events("outcome:refused", "--last", "5")), rule)


def restored(world):
    world.connect()
    world.start_gate()
    world.wait(lambda: world.tools_of("alice"), "Alice's tools")


# The connection.


def test_verify_is_content_and_names_nobody(world):
    assert world.ines.verify(world.connection()) == {"status": True, "specs": []}


@table([("key",), ("path",), ("host",)])
def test_verify_fails(world, what):
    row("*Connection failed*", "*Verify Connection*", "401", "404", "403")
    wrong = world.connection()
    if what == "key":
        wrong["key"] = re.sub("_[^_]+$", "_wrong", wrong["key"])
    elif what == "path":
        wrong["url"] += "s"
    else:
        wrong["url"] = wrong["url"].replace("127.0.0.1", "localhost")
        world.start_gate(GATEHALL_ALLOWED_HOSTS="gate")
    status = {"key": 401, "path": 404, "host": 403}[what]
    try:
        world.ines.verify(wrong)
        raise AssertionError("it is content")
    except Refused as error:
        assert error.status == 400, error
    finally:
        if what == "host":
            world.start_gate()
    log = world.processes.log("open-webui").read_text()
    assert f'POST {wrong["url"]} "HTTP/1.1 {status} ' in log, "the log has no status"


def test_private_is_for_administrators_alone(world):
    row("administrators see", "*Private*")
    closed = world.connection()
    closed["config"].pop("access_grants")
    world.ines.connect(closed)
    try:
        assert TOOL in world.ines.tools()
        assert TOOL not in world.people["alice"].tools()
        assert world.given("alice") == ([], "", [])
    finally:
        world.connect()
    assert TOOL in world.people["alice"].tools()


def test_without_a_name_and_an_id_names_are_cut(world):
    row("_3f9a1c2e", "`gatehall`")
    # What the form makes up where both are empty.
    number = "7f0a4a3c-52b6-4b6c-9d3e-5d6a2f1b8c90"
    world.connect(info={"id": number, "name": ""})
    try:
        tools, _, _ = world.given("alice", f"server:mcp:{number}")
        assert any(re.fullmatch(r".{55}_[0-9a-f]{8}", each) for each in tools), tools
    finally:
        world.connect()


def test_fresh_accounts_and_models_are_closed(world):
    row("*Account Activation Pending*", "*pending*")
    row("no model to choose")
    settings = world.ines.ask("GET", "/api/v1/auths/admin/config")
    assert settings["DEFAULT_USER_ROLE"] == "pending", settings
    assert world.ines.models() == {"told", "untold"}
    assert world.people["alice"].models() == {"told"}


def test_tools_have_to_be_switched_on(world):
    row("not switched on in this chat")
    answer = world.people["alice"].chat("What have you got?")
    assert json.loads(answer.text)["tools"] == [], answer


# Proofs.


def test_secrets_that_differ(world):
    (rule,) = re.findall(r"secrets differ.*?`(open-webui\.[a-z]+)`", page.TEXT)
    world.start_gate(GATEHALL_OPEN_WEBUI_SECRET="another secret than that of the chat")
    try:
        assert world.ines.verify(world.connection())["status"]
        tools, _, lines = world.given("alice")
        assert not tools and lines == FAILED, (tools, lines)
        refused(world, rule)
    finally:
        restored(world)


def proof(**different):
    now = int(time.time())
    claims = {"sub": "an-account", "email": PEOPLE["alice"], "name": "Alice", "iss": "open-webui"}
    claims |= {"iat": now, "exp": now + 300, **different}
    return jwt.encode(claims, SECRET, "HS256")


@table([("it has expired", -400), ("it comes from the future", 100)])
def test_clocks(world, words, seconds):
    """Open WebUI's clock cannot be set without this machine's, so the proof is made here."""
    row(words)
    now = int(time.time())
    request = urllib.request.Request(f"{world.gate()}/mcp", b"{}", method="POST")
    request.add_header("Authorization", f"Bearer {world.key}")
    signed = proof(iat=now + seconds, exp=now + seconds + 300)
    request.add_header("X-OpenWebUI-User-Jwt", signed)
    try:
        urllib.request.urlopen(request, timeout=10).close()
        raise AssertionError("it is taken")
    except urllib.error.HTTPError as error:
        assert error.code == 401 and words in error.read().decode()


# People.


def test_somebody_unknown_is_told_so(world):
    row("not known to Gatehall", "GATEHALL_ADD_UNKNOWN_USERS")
    tools, instructions, lines = world.given("nora")
    assert not tools and not lines, (tools, lines)
    assert "not known to Gatehall" in instructions, instructions
    assert not world.tools_of("mallory")


def test_unknown_people_can_be_added(world):
    world.start_gate(GATEHALL_ADD_UNKNOWN_USERS="true")
    pattern = ["--users", "*@google.example", "--connection", "google/clock"]
    world.gatehall("grant", "add", *pattern)
    try:
        world.wait(lambda: world.tools_of("nora"), "tools by the pattern")
    finally:
        world.gatehall("user", "remove", PEOPLE["nora"], "--cascade")
        grants = world.gatehall("grant", "list")
        (number,) = re.findall(r"^(\S+).*\*@google\.example", grants, re.M)
        world.gatehall("grant", "remove", number)
        restored(world)


def test_a_domain_that_is_not_listed(world):
    """Ines is known here; her address is of a domain for which nobody vouches."""
    row("one person alone", "open-webui.domain", "open-webui.admin", "person.other-account")
    assert not world.tools_of("ines")
    refused(world, "open-webui.domain")
    begin, option, account = ["user", "change", "ines@company.example"], "--bind", "open-webui="
    assert f"`gatehall {' '.join(begin)} {option} {account}ID`" in page.TEXT
    world.gatehall(*begin, option, account + world.ines.id)
    world.wait(lambda: world.tools_of("ines"), "tools of a bound account")


def test_an_administrator_is_not_bound_by_the_address(world):
    assert not world.tools_of("ada")
    refused(world, "open-webui.admin")
    world.start_gate(GATEHALL_OPEN_WEBUI_BINDS_ADMINS="true")
    try:
        world.wait(lambda: world.tools_of("ada"), "an administrator's tools")
    finally:
        restored(world)


def test_an_account_that_is_made_anew(world):
    alice = world.people["alice"]
    world.wait(lambda: world.tools_of("alice"), "tools before")
    world.ines.remove(alice)
    world.people["alice"] = world.ines.add(alice.email, "Alice")
    assert not world.tools_of("alice")
    refused(world, "person.other-account")
    world.gatehall(*page.command("user", "change"))
    world.wait(lambda: world.tools_of("alice"), "tools of the new account")


def test_somebody_who_is_disabled(world):
    row("or is disabled", "gatehall explain ADDRESS")
    change = ["user", "change", PEOPLE["bob"], "--enabled"]
    world.gatehall(*change, "false")
    try:
        world.wait(lambda: not world.tools_of("bob"), "no tools for Bob")
        explain = ["explain", PEOPLE["bob"], "microsoft_clock_now"]
        assert "the user is disabled" in world.gatehall(*explain, fails=True)
    finally:
        world.gatehall(*change, "true")
    world.wait(lambda: world.tools_of("bob"), "tools for Bob again")


# Calls.


def test_a_result_that_is_too_large(world):
    row("answered more than can be passed on", "GATEHALL_RESPONSE_BYTES")
    world.start_gate(GATEHALL_RESPONSE_BYTES="65536")
    try:
        text = 'call gatehall_google_clock_large {"bytes": 100000}'
        answer = world.people["alice"].chat(text, TOOL)
        assert answer.states == ["failed"], answer
        assert "answered more than can be passed on" in answer.text, answer
    finally:
        restored(world)


def test_two_million_bytes_arrive(world):
    answer = world.people["alice"].chat('call gatehall_google_clock_large {"bytes": 2000000}', TOOL)
    assert answer.text == f"The tool said: {'x' * 2000000}", answer.text[:200]


def test_too_many_calls(world):
    row("Too many calls", "GATEHALL_USER_CALLS_PER_MINUTE")
    world.start_gate(GATEHALL_USER_CALLS_PER_MINUTE="2")
    try:
        answer = world.people["alice"].chat("call gatehall_google_clock_now {} 4 times", TOOL)
        assert "Too many calls" in answer.text, answer
    finally:
        restored(world)


# Without the gate.


def test_while_the_gate_is_down(world):
    row("*OpenAPI* are missing without a word")
    world.processes.stop("gate")
    try:
        tools, _, lines = world.given("alice")
        assert not tools and lines == FAILED, (tools, lines)
        assert world.given("alice", SEARCH) == ([], "", [])
    finally:
        world.start_gate()
    world.wait(lambda: world.tools_of("alice") and world.given("alice", SEARCH)[0], "tools again")


def test_zz_without_the_signed_header(world):
    """The last test: Open WebUI is started anew without what the page sets."""
    row("names no user")
    row("everybody has the same tools", "proof.personal-key")
    made = world.gatehall("key", "add", "--user", PEOPLE["bob"], "--json")
    personal = json.loads(made)["key"]
    world.connect(key=personal)

    def is_refused():
        """Asked again until the gate has read the new key from its store."""
        assert not world.tools_of("alice")
        return "proof.personal-key" in str(world.events("outcome:refused", "--last", "5"))

    world.wait(is_refused, "proof.personal-key")
    world.start_open_webui(ENABLE_FORWARD_USER_INFO_HEADERS="false")
    tools = world.wait(lambda: world.tools_of("alice"), "Bob's tools")
    assert all("microsoft" in each for each in tools), tools
    world.connect()
    tools, instructions, lines = world.given("alice")
    assert not tools and not lines and "names no user" in instructions, instructions
