"""What one person does, again and again. Read by Locust."""

import json
import os
import pathlib
import random
import time
import urllib.parse

from doors import names
from doors.client import Visitor
from locust import FastHttpUser, between, task

from load.chat import Chat, modern

PLAN = json.loads(pathlib.Path(os.environ["LOAD_PLAN"]).read_text())
LEGACY = "2025-11-25"
HOST = f"{names.GATE_HOST}:{PLAN['port']}"
PUBLIC = f"http://{HOST}"
PAGE = f"http://app.{names.DOMAIN}:{PLAN['port']}/page"
chat = Chat(PLAN["service_key"], PLAN["open_webui_secret"])
waiting = list(PLAN["people"])


class Person(FastHttpUser):
    """Somebody of the company, and what they are allowed."""

    abstract = True
    host = f"http://127.0.0.1:{PLAN['port']}"
    wait_time = between(1, 3)

    def on_start(self):
        self.me = waiting.pop()

    def ask(self, step, headers, body, check=None):
        """One request that has to succeed, and to say what it should."""
        given = {"Host": HOST, **headers, **self.proof()}
        with self.client.post(
            "/mcp", data=body, headers=given, name=step, catch_response=True
        ) as answer:
            if answer.status_code not in (200, 202):
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
            elif check and (wrong := check(read(answer))):
                answer.failure(wrong)
            return answer

    def is_mine(self, message):
        """The list is what this person may use, and nothing else."""
        tools = sorted(tool["name"] for tool in message["result"]["tools"])
        return (
            None if tools == self.me["tools"] else f"{len(tools)} tools: not those of this person"
        )

    def tool(self):
        return {"name": random.choice(self.me["tools"]), "arguments": {"query": "all the words"}}

    def is_answered(self, message):
        result = message.get("result") or {}
        good = result.get("structuredContent") and not result.get("isError")
        return None if good else f"no result: {json.dumps(message)[:200]}"


def read(answer):
    """The message in an answer, in either of its forms."""
    if "event-stream" in answer.headers.get("content-type", ""):
        lines = [line for line in answer.text.splitlines() if line.startswith("data:")]
        return json.loads(lines[-1].removeprefix("data:"))
    return json.loads(answer.text)


class SignedIn(Person):
    """Signs in with a browser, opens a page behind the proxy's check, and uses tools by a client of
    the newest revision, with the session that the sign-in gave."""

    def on_start(self):
        super().on_start()
        self.visitor = Visitor()
        query = urllib.parse.urlencode({"rd": PAGE, "provider": "generic"})
        self.measured(
            "sign in",
            lambda: self.visitor.login(f"{PUBLIC}{names.START}?{query}", self.me["email"]),
        )
        self.cookie = "; ".join(self.visitor.jar.sent(names.GATE_HOST, "/mcp"))

    def measured(self, step, visit):
        """A step of the browser, from the first redirect to the page."""
        began, wrong = time.perf_counter(), None
        try:
            answer = visit()
            if answer.status != 200 or not answer.url.startswith(PAGE):
                wrong = RuntimeError(f"{answer.status} at {answer.url.partition('?')[0]}")
        except (OSError, AssertionError) as error:
            wrong = error
        took = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="browser", name=step, response_time=took, response_length=0,
            exception=wrong, context={},
        )  # fmt: skip

    def proof(self):
        return {"Cookie": self.cookie}

    @task
    def message(self):
        self.measured("page behind ForwardAuth", lambda: self.visitor.get(PAGE))
        self.ask("session: discover", *modern("server/discover"))
        self.ask("session: list", *modern("tools/list"), self.is_mine)
        for _ in range(2):
            self.ask("session: call", *modern("tools/call", **self.tool()), self.is_answered)


class ByChat(Person):
    """Writes to a chat that connects anew for every message, as Open WebUI does, and says with each
    request who is asking."""

    def proof(self):
        return chat.headers(self.me["email"])

    def legacy(self, session, method, number=None, **params):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        if session:
            headers |= {"Mcp-Session-Id": session, "MCP-Protocol-Version": LEGACY}
        return headers, json.dumps(message)

    @task
    def message(self):
        hello = {
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": {"name": "load", "version": "1"},
        }
        answer = self.ask("chat: connect", *self.legacy(None, "initialize", 0, **hello))
        session = answer.headers.get("mcp-session-id") if answer.headers else None
        if not session:
            return
        self.ask("chat: connected", *self.legacy(session, "notifications/initialized"))
        self.ask("chat: list", *self.legacy(session, "tools/list", 1), self.is_mine)
        for number in (2, 3):
            call = self.legacy(session, "tools/call", number, **self.tool())
            self.ask("chat: call", *call, self.is_answered)
