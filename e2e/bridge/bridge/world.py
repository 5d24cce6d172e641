"""The world of the chats, with the old Open WebUI in the place of the newest."""

import html
import re
import time
import uuid

from chat import world
from chat.open_webui import PASSWORD, ask
from chat.open_webui import Person as Newest
from doors.world import TOOLS

# What every start needs besides. Vectors are for documents, and none are made here.
OPEN_WEBUI = {
    "VECTOR_DB": "opensearch",
    "OPENSEARCH_USERNAME": "nobody",
    "OPENSEARCH_PASSWORD": "nothing",
    "RAG_EMBEDDING_ENGINE": "openai",
}
DETAILS = re.compile(r'<details type="tool_calls".*?</details>', re.S)


class Answer:
    """What a chat shows."""

    def __init__(self, message):
        content = message.get("content") or ""
        self.text = html.unescape(DETAILS.sub("", content)).strip()
        self.lines = [each.get("description") for each in message.get("statusHistory") or []]
        self.raw = message

    def __repr__(self):
        return f"{self.text!r}, {self.lines}"


class Person(Newest):
    """Somebody who is signed in. A chat is made before anything is said in it, as the page does."""

    def chat(self, text, *tools, model="told", seconds=60):
        number, said = str(uuid.uuid4()), str(uuid.uuid4())
        message = {"role": "user", "content": text}
        history = {
            said: {**message, "id": said, "parentId": None, "childrenIds": [number]},
            number: {"role": "assistant", "content": "", "id": number, "parentId": said},
        }
        chat = {"models": [model], "history": {"messages": history, "currentId": number}}
        made = self.ask("POST", "/api/v1/chats/new", {"chat": chat})
        native = {"function_calling": "native"}
        self.send_message(message, number, tools, model, chat_id=made["id"], params=native)
        end = time.monotonic() + seconds
        while self.ask("GET", f"/api/tasks/chat/{made['id']}")["task_ids"]:
            if time.monotonic() > end:
                raise AssertionError(f"{self.email} had no answer to {text!r} in time")
            time.sleep(0.1)
        chat = self.ask("GET", f"/api/v1/chats/{made['id']}")
        return Answer(chat["chat"]["history"]["messages"][number])


class World(world.World):
    program, ready = TOOLS / "bridge/bin/open-webui", "/health"

    def variables(self):
        return {**super().variables(), **OPEN_WEBUI}

    def set_up(self):
        """Whoever signs up first is the administrator."""
        email = world.OPEN_WEBUI["WEBUI_ADMIN_EMAIL"]
        body = {"name": "Ines", "email": email, "password": PASSWORD}
        ask(self.open_webui(), "POST", "/api/v1/auths/signup", body)
        ines = Person(self.open_webui(), email)
        ines.open_model()
        return ines
