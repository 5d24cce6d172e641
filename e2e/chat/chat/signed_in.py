"""Somebody who comes to the chat as people do: by the provider, whose word the gate passes on."""

import json

from .open_webui import Person


class SignedIn(Person):
    def __init__(self, visitor, origin, account):
        self.visitor, self.origin, self.token, self.account = visitor, origin, None, account
        page = self.visitor.login(f"{origin}/", account)
        if page.status != 200 or page.url != f"{origin}/":
            raise AssertionError(f"{account} did not get in: {page}")
        self.sign_in_to_chat()

    def sign_in_to_chat(self):
        """As the page does by itself: it names nobody, the gate's header does."""
        said = self.ask("POST", "/api/v1/auths/signin", {"email": "", "password": ""})
        self.token, self.id, self.email = said["token"], said["id"], said["email"]
        self.role = said["role"]

    def send(self, method, path, headers, data):
        url = f"{self.origin}{path}"
        answer = self.visitor.request(method, url, list(headers.items()), data, 60)
        return answer.status, answer.body

    def given(self, tool):
        """What the model is given in a new chat: tools of the gate, instructions, and the lines."""
        answer = self.chat("What have you got?", tool)
        given = json.loads(answer.text)
        # Open WebUI has some of its own.
        tools = [each for each in given["tools"] if each.startswith("gatehall_")]
        return tools, given["instructions"], answer.lines
