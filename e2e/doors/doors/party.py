"""The least that a relying party does, for tests that look at a provider without Gatehall."""

import base64
import hashlib
import secrets
import urllib.parse

import jwt

from . import names
from .client import Visitor, send


def discovery(provider, at=None):
    target = urllib.parse.urlsplit(at or provider.issuer).path.rstrip("/")
    return send(provider.port, f"{target}/.well-known/openid-configuration").json()


def post(provider, url, form, client="gatehall"):
    basic = base64.b64encode(f"{client}:{names.CLIENT_SECRET}".encode()).decode()
    headers = [
        ("Authorization", f"Basic {basic}"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    return send(
        provider.port,
        urllib.parse.urlsplit(url).path,
        method="POST",
        headers=headers,
        body=urllib.parse.urlencode(form),
    )


class Party:
    """Asks for a login, comes back with the code, fetches and verifies tokens."""

    def __init__(
        self,
        world,
        provider,
        client="gatehall",
        scope="openid profile email offline_access",
        **more,
    ):
        self.provider, self.client = provider, client
        self.document = discovery(provider)
        self.verifier = secrets.token_urlsafe(40)
        self.callback = f"{world.public_url}{names.CALLBACK}"
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        self.query = {
            "client_id": client,
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": scope,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }

    def come_back(self, account, visitor=None):
        visitor = visitor or Visitor()
        url = f"{self.document['authorization_endpoint']}?{urllib.parse.urlencode(self.query)}"
        answer = visitor.login(url, account, until=names.CALLBACK)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.header("location")).query))

    def exchange(self, code, **more):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
        }
        return post(self.provider, self.document["token_endpoint"], {**form, **more}, self.client)

    def tokens(self, account):
        answer = self.exchange(self.come_back(account)["code"])
        assert answer.status == 200, answer
        return answer.json()

    def verified(self, token, audience="gatehall", algorithm="RS256"):
        keys = send(
            self.provider.port, urllib.parse.urlsplit(self.document["jwks_uri"]).path
        ).json()["keys"]
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(each for each in keys if each["kid"] == kid)
        return jwt.decode(token, jwt.PyJWK(key, algorithm).key, [algorithm], audience=audience)
