"""The bridge tool: whoever asks by it has their own tools, and nobody else's."""

import contextlib
import json
import threading
import time

import jwt

from doors.runner import table
from doors.serving import Handler, Serving

from .open_webui import Refused
from .world import PEOPLE, SECRET

TENANTS = {"alice": "google", "bob": "microsoft"}


def asked(world, who, tool, **arguments):
    """What somebody's model gets from one of the tool's methods."""
    answer = world.people[who].chat(f"call {tool} {json.dumps(arguments)}", world.bridge)
    begin = "The tool said: "
    assert answer.text.startswith(begin), answer
    answer.text = answer.text.removeprefix(begin)
    return answer


def called(world, who, tool, **arguments):
    return asked(world, who, "gatehall_call_tool", name=tool, arguments=arguments)


@contextlib.contextmanager
def valves(world, **different):
    """The valves are these for a while."""
    kept = {"gateway_url": world.origin("gate")}
    world.ines.set_valves(world.bridge, **{**kept, **different})
    try:
        yield
    finally:
        world.ines.set_valves(world.bridge, **kept)


class Elsewhere(Serving):
    """A server that is not the gate, and what it was asked."""

    def __init__(self, answer):
        self.requests = []
        requests = self.requests

        class Asked(Handler):
            def do_POST(self):
                requests.append((self.path, self.headers))
                self.body()
                answer(self)

            do_GET = do_POST

        super().__init__(Asked)


def test_everybody_lists_their_own_tools_alone(world):
    for name, tenant in TENANTS.items():
        answer = asked(world, name, "gatehall_list_my_tools")
        lines = answer.text.splitlines()
        assert len(lines) == 3, answer
        assert all(each.startswith(f"- {tenant}_clock_") for each in lines), answer
        assert f"- {tenant}_clock_now: Says the time" in lines, answer
        assert "Asked Gatehall for your tools" in answer.lines, answer


def test_everybody_finds_and_reads_their_own_tools_alone(world):
    for name, tenant in TENANTS.items():
        answer = asked(world, name, "gatehall_search_tools", query="large")
        assert answer.text == f"- {tenant}_clock_large: Says much", answer
        names = [f"{each}_clock_large" for each in TENANTS.values()]
        said = json.loads(asked(world, name, "gatehall_describe_tools", names=names).text)
        (tool,) = said["tools"]
        assert tool["name"] == f"{tenant}_clock_large", said
        assert "bytes" in tool["inputSchema"]["properties"], said
        assert said["unknown"] == [each for each in names if each != tool["name"]], said


def test_everybody_calls_their_own_tools(world):
    for name, tenant in TENANTS.items():
        answer = called(world, name, f"{tenant}_clock_now")
        assert answer.text == f"noon at {tenant}", answer
        assert f"Called {tenant}_clock_now" in answer.lines, answer
    world.wait(lambda: world.events("action:call", "actor:alice"), "the call in the audit")


def test_what_is_somebody_elses_is_refused_in_words(world):
    answer = called(world, "alice", "microsoft_clock_now")
    assert "noon" not in answer.text and "you may not use it" in answer.text, answer
    assert answer.text.startswith("Error: Unknown tool: microsoft_clock_now"), answer
    assert "No answer from microsoft_clock_now" in answer.lines, answer


def test_an_administrator_has_all(world):
    account = f"open-webui={world.people['ada'].id}"
    world.gatehall("user", "change", PEOPLE["ada"], "--bind", account)
    try:
        world.wait(
            lambda: called(world, "ada", "google_clock_now").text == "noon at google",
            "an administrator's tools",
        )
        assert called(world, "ada", "microsoft_clock_now").text == "noon at microsoft"
        listed = asked(world, "ada", "gatehall_list_my_tools").text
        assert len(listed.splitlines()) == 6, listed
    finally:
        world.gatehall("user", "change", PEOPLE["ada"], "--unbind", "open-webui")


def test_a_model_cannot_say_who_asks(world):
    bob = world.people["bob"]
    account = {"id": bob.id, "email": bob.email, "name": "Bob", "role": "admin"}
    answer = asked(world, "alice", "gatehall_list_my_tools", __user__=account)
    assert "google" in answer.text and "microsoft" not in answer.text, answer


def test_somebody_unknown_has_none_and_is_told_so(world):
    answer = asked(world, "nora", "gatehall_list_my_tools")
    assert "not known to Gatehall" in answer.text, answer
    answer = called(world, "nora", "google_clock_now")
    assert answer.text.startswith("Error: The signed-in user is not known"), answer


def test_each_request_is_signed_for_its_account(world):
    alice, found = world.people["alice"], json.dumps({"tools": [], "found": 0}).encode()
    with Elsewhere(lambda it: it.send(200, found)) as other:
        with valves(world, gateway_url=f"{other.origin}/t/google/"):
            answer = asked(world, "alice", "gatehall_list_my_tools")
        assert answer.text == "There is no such tool that you may use.", answer
    ((path, headers),) = other.requests
    assert path == "/t/google/tools/gatehall_search_tools"
    assert headers["Authorization"] == f"Bearer {world.key}"
    proof = headers["X-OpenWebUI-User-Jwt"]
    claims = jwt.decode(proof, SECRET, algorithms=["HS256"], issuer="open-webui")
    assert (claims["sub"], claims["email"]) == (alice.id, alice.email), claims
    assert claims["exp"] - claims["iat"] == 60 and abs(claims["iat"] - time.time()) < 30, claims
    plain = [each for each in headers if each.lower().startswith("x-openwebui-user-")]
    assert plain == ["X-OpenWebUI-User-Jwt"], plain


@table(
    [
        ("another secret", "Gatehall does not know who asks"),
        (None, "Gatehall cannot be reached"),
    ]
)
def test_a_gate_that_is_no_use_is_said(world, secret, words):
    """It has another secret, or does not run."""
    if secret:
        world.start_gate(GATEHALL_OPEN_WEBUI_SECRET="another secret than that of the chat")
    else:
        world.processes.stop("gate")
    try:
        answer = called(world, "alice", "google_clock_now")
        assert f"Error: {words}" in answer.text, answer
    finally:
        world.start_gate()


def test_a_call_that_takes_too_long(world):
    ended = threading.Event()
    with Elsewhere(lambda _: ended.wait(60)) as other:
        with valves(world, gateway_url=other.origin, timeout_seconds=1):
            answer = called(world, "alice", "google_clock_now")
            assert "Error: There was no answer within 1 seconds" in answer.text, answer
        ended.set()


def _hang_up(it):
    """As a gate that is ended in the middle of a call."""
    it.close_connection = True


def _break_off(it):
    it.send_response(200)
    it.send_header("Content-Length", "99")
    it.end_headers()
    it.wfile.write(b"{")
    it.close_connection = True


@table([(_hang_up,), (_break_off,)])
def test_a_call_that_breaks_may_be_done(world, ending):
    with Elsewhere(ending) as other, valves(world, gateway_url=other.origin):
        answer = called(world, "alice", "google_clock_now")
    assert "Error: The connection broke" in answer.text, answer
    assert "may be done all the same" in answer.text, answer
    assert len(other.requests) == 1, other.requests


@table([("[", 100_000), ('{"tools": [], "found": 1e999}', 1), ("null", 1), ('{"tools": [1]}', 1)])
def test_an_answer_of_something_else_is_said(world, text, times):
    other = lambda it: it.send(200, (text * times).encode(), "application/json")
    with Elsewhere(other) as other, valves(world, gateway_url=other.origin):
        answer = asked(world, "alice", "gatehall_list_my_tools")
    assert "Error: Something other than Gatehall answered" in answer.text, answer


def test_a_redirect_gets_no_proof(world):
    with Elsewhere(lambda _: None) as target:
        away = lambda it: it.send(307, headers=[("Location", f"{target.origin}/")])
        with Elsewhere(away) as other, valves(world, gateway_url=other.origin):
            answer = called(world, "alice", "google_clock_now")
        assert "other than Gatehall answered, with status 307" in answer.text, answer
        assert not target.requests


def test_a_page_is_no_answer(world):
    page = lambda it: it.send(200, b"<html>noon</html>", "text/html")
    with Elsewhere(page) as other, valves(world, gateway_url=other.origin):
        answer = called(world, "alice", "google_clock_now")
        assert answer.text.startswith("Error: ") and "noon" not in answer.text, answer


def test_a_large_result_is_cut_and_says_so(world):
    answer = called(world, "alice", "google_clock_large", bytes=300_000)
    assert answer.text.startswith("x" * 100_000), answer.text[:200]
    assert answer.text.count("x") == 100_000
    assert answer.text.endswith("[200000 more characters are left out.]"), answer.text[-200:]


@table([("ftp://gate",), ("gate:8080",), ("http://key@gate:8080",), ("http://gate/?key=1",)])
def test_an_address_that_is_none(world, address):
    try:
        world.ines.set_valves(world.bridge, gateway_url=address)
        raise AssertionError("it is taken")
    except Refused as error:
        assert error.status == 400, error


def test_valves_with_secrets_are_for_administrators(world):
    with valves(world, gateway_key=world.key, signing_secret="another secret, which is 1 of 2"):
        answer = asked(world, "alice", "gatehall_list_my_tools")
        assert "Gatehall does not know who asks" in answer.text, answer
        try:
            world.people["alice"].valves(world.bridge)
            raise AssertionError("everybody reads the valves")
        except Refused as error:
            assert error.status == 401, error
    with valves(world, gateway_key=world.key, signing_secret=SECRET):
        assert called(world, "alice", "google_clock_now").text == "noon at google"
