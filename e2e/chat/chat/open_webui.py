"""Open WebUI as its pages use it: sign-in, settings, and chats with tools."""

import json
import time
import urllib.error
import urllib.request
import uuid

PASSWORD = "a password of the tests 1"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, said):
        super().__init__(f"{status}: {said[:500]}")
        self.status = status


class Answer:
    """What a chat shows: the text, the calls with their results, and the lines above the text."""

    def __init__(self, message):
        output = message.get("output") or []
        self.text = message.get("content") or ""
        self.lines = [each.get("description") for each in message.get("statusHistory") or []]
        self.calls = [it["name"] for it in output if it.get("type") == "function_call"]
        results = [it for it in output if it.get("type") == "function_call_output"]
        self.results = ["".join(_texts(it.get("output"))) for it in results]
        self.states = [it.get("status") for it in results]
        self.raw = message

    def __repr__(self):
        return f"{self.text!r}, {list(zip(self.results, self.states))}, {self.lines}"


def _texts(output):
    if isinstance(output, str):
        yield output
    for part in output if isinstance(output, list) else []:
        yield part.get("text") or ""


class Turn:
    """A message that was sent and may not be answered yet."""

    def __init__(self, person, chat, number, text):
        self.person, self.chat, self.number, self.text = person, chat, number, text

    def message(self):
        """What is there of the answer so far."""
        chat = self.person.ask("GET", f"/api/v1/chats/{self.chat}")
        return chat["chat"]["history"]["messages"].get(self.number, {})

    def answer(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (answered := self.message()).get("done"):
                return Answer(answered)
            time.sleep(0.1)
        raise AssertionError(f"{self.person.email} had no answer to {self.text!r} in time")


def ask(origin, method, path, body=None, token=None):
    """What the API of an Open WebUI answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{origin}{path}", data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read().decode(errors="replace")) from None


class Person:
    """Somebody who is signed in."""

    def __init__(self, origin, email, password=PASSWORD):
        self.origin, self.token = origin, None
        said = self.ask("POST", "/api/v1/auths/signin", {"email": email, "password": password})
        self.token, self.id, self.email = said["token"], said["id"], email

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        status, said = self.send(method, path, headers, data)
        if status >= 300:
            raise Refused(status, said.decode(errors="replace"))
        return json.loads(said)

    def send(self, method, path, headers, data):
        """Status and body of the answer."""
        request = urllib.request.Request(f"{self.origin}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    # What everybody does.

    def chat(self, text, *tools, model="told", seconds=60, files=()):
        """Asks in a new chat in which these tools are switched on."""
        return self.begin(text, *tools, model=model, files=files).answer(seconds)

    def begin(self, text, *tools, model="told", files=()):
        """Asks, and waits for nothing."""
        message = {"role": "user", "content": text}
        number = str(uuid.uuid4())
        own = {**message, "id": str(uuid.uuid4()), "timestamp": 0}
        more = {"files": list(files), "parent_id": None, "user_message": own}
        begun = self.send_message(message, number, tools, model, **more)
        return Turn(self, begun["chat_id"], number, text)

    def send_message(self, message, number, tools, model, **more):
        """Sends it to the model; the answer has this number."""
        body = {"model": model, "stream": True, "messages": [message], "tool_ids": list(tools)}
        body |= {"session_id": str(uuid.uuid4()), "id": number, **more}
        return self.ask("POST", "/api/chat/completions", body)

    def tools(self):
        """The tool servers that the chat offers to switch on, by id."""
        return {each["id"]: each["name"] for each in self.ask("GET", "/api/v1/tools/")}

    def valves(self, tool):
        """The settings of a Python tool, as far as they are shown."""
        return self.ask("GET", f"/api/v1/tools/id/{tool}/valves")

    # What administrators do.

    def set_valves(self, tool, **valves):
        return self.ask("POST", f"/api/v1/tools/id/{tool}/valves/update", valves)

    def upload(self, tool, name, content):
        """Makes a Python tool for everybody; older versions know the last of these alone."""
        everybody = {"principal_type": "user", "principal_id": "*", "permission": "read"}
        body = {"id": tool, "name": name, "content": content, "meta": {"description": name}}
        access = {"access_grants": [everybody], "access_control": None}
        return self.ask("POST", "/api/v1/tools/create", {**body, **access})

    def connections(self):
        return self.ask("GET", "/api/v1/configs/tool_servers")["TOOL_SERVER_CONNECTIONS"]

    def connect(self, *connections):
        """Saves these as all tool servers there are."""
        body = {"TOOL_SERVER_CONNECTIONS": list(connections)}
        self.ask("POST", "/api/v1/configs/tool_servers", body)

    def verify(self, connection):
        """`Verify Connection` of the form."""
        return self.ask("POST", "/api/v1/configs/tool_servers/verify", connection)

    def add(self, email, name, role="user"):
        body = {"name": name, "email": email, "password": PASSWORD, "role": role}
        self.ask("POST", "/api/v1/auths/add", body)
        return type(self)(self.origin, email)

    def remove(self, person):
        self.ask("DELETE", f"/api/v1/users/{person.id}")

    def models(self):
        return {each["id"] for each in self.ask("GET", "/api/models")["data"]}

    def open_model(self, *tools, model="told"):
        """Gives everybody the model, with these tools switched on in new chats."""
        body = {"id": model, "name": model, "base_model_id": None, "is_active": True, "params": {}}
        body["meta"] = {"toolIds": list(tools), "capabilities": {"builtin_tools": False}}
        everybody = {"principal_type": "user", "principal_id": "*", "permission": "read"}
        self.ask("POST", "/api/v1/models/create", {**body, "access_grants": [everybody]})
