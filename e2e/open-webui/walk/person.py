"""Somebody with a browser: signed in at the provider, known to the gate, and so to Open WebUI."""

import json

from chat.open_webui import Person as Chatting
from doors.client import Visitor


class Person(Chatting):
    def __init__(self, deployment, account):
        self.deployment, self.account = deployment, account
        self.origin, self.token = deployment.url("app"), None
        self.visitor = stranger(deployment)
        page = self.visitor.login(f"{self.origin}/", account)
        assert page.status == 200 and page.url == f"{self.origin}/", page
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


class Beside(Chatting):
    """The same person past Traefik, at one replica."""

    def __init__(self, person, name):
        self.origin, self.token = person.deployment.inside(name), person.token
        self.id, self.email = person.id, person.email


def stranger(deployment):
    """Somebody of whom nothing is known, who takes the certificate of these tests."""
    return Visitor(tls=deployment.tls)
