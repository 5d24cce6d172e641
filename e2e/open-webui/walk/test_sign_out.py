"""Signing out at one is signing out of both, as far as it goes."""

from chat.open_webui import Refused
from chat.world import TOOL
from doors import names

from .person import Person

# A link that is followed from a page of another host of the same domain.
FOLLOWED = [*names.BROWSER_HEADERS, ("Sec-Fetch-Site", "same-site")]


def refused(person, status):
    try:
        person.ask("GET", "/api/v1/chats/")
    except Refused as error:
        assert error.status == status, error
        return str(error)
    raise AssertionError(f"{person.account} is not refused")


def test_at_the_chat(world):
    """The session there ends at both replicas, and the way leads to the gate, which asks."""
    assert world.people
    bob = Person(world.deployment, "bob")
    said = bob.ask("POST", "/api/v1/auths/signout")
    for _ in range(4):
        refused(bob, 401)
    sign_out = world.deployment.url("admin", "/oauth2/sign_out")
    assert said["redirect_url"] == sign_out, said
    asks = bob.visitor.get(sign_out, FOLLOWED)
    assert asks.status == 200 and 'action="/oauth2/sign_out"' in asks.text, asks
    left = bob.visitor.post(sign_out, {}, [*names.BROWSER_HEADERS, ("Sec-Fetch-Site", "same-origin")])
    assert left.status == 303, left
    assert names.SESSION_COOKIE not in bob.visitor.jar.held()
    # It goes on to the provider, who ends the sign-in there.
    assert left.header("location").startswith(world.deployment.provider.issuer), left


def test_at_the_gate(world):
    """What the chat still holds opens nothing, since nobody gets there."""
    assert world.people
    bob = Person(world.deployment, "bob")
    assert bob.given(TOOL)[0]
    own = [*names.BROWSER_HEADERS, ("Sec-Fetch-Site", "same-origin")]
    bob.visitor.post(world.deployment.url("admin", "/oauth2/sign_out"), {}, own)
    refused(bob, 401)
    answer = bob.visitor.get(world.deployment.url("app", "/"))
    assert answer.status == 302 and "/oauth2/start" in answer.header("location"), answer


def test_somebody_else_at_the_same_browser(world):
    """Whoever signs in at the gate next is not who the chat still thinks."""
    assert world.people
    bob = Person(world.deployment, "bob")
    token, cookie = bob.token, bob.visitor.jar.get("token")
    alice = Person(world.deployment, "alice")
    alice.token = token
    assert "User mismatch" in refused(alice, 401)
    alice.token = None
    alice.visitor.jar.set("token", cookie, f"app.{world.deployment.domain}")
    assert "User mismatch" in refused(alice, 401)
    alice.sign_in_to_chat()
    assert alice.email == "alice@google.example"
