"""Somebody with a browser: signed in at the provider, known to the gate, and so to Open WebUI."""

from chat.open_webui import Person as Chatting
from chat.signed_in import SignedIn
from doors.client import Visitor


class Person(SignedIn):
    def __init__(self, deployment, account):
        self.deployment = deployment
        super().__init__(stranger(deployment), deployment.url("app"), account)


class Beside(Chatting):
    """The same person past Traefik, at one replica."""

    def __init__(self, person, name):
        self.origin, self.token = person.deployment.inside(name), person.token
        self.id, self.email = person.id, person.email


def stranger(deployment):
    """Somebody of whom nothing is known, who takes the certificate of these tests."""
    return Visitor(tls=deployment.tls)
