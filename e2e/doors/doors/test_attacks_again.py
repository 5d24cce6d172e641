"""Attacks on "Sign in again": somebody at another's open browser does not prove who they are, and
still wants what needs a fresh sign-in."""

import time
import urllib.parse

from . import names
from .attacks import Attacker
from .runner import table

SHOWN = "generic"


def start(attacker, again, provider=SHOWN):
    """Where the gate sends the browser."""
    more = {"again": "1"} if again else {}
    page = attacker.page(names.START, provider=provider, rd="/", **more)
    return attacker.get(page).header("location")


def without_a_proof(location):
    """The provider's address without what asks for a proof."""
    parts = urllib.parse.urlsplit(location)
    query = urllib.parse.parse_qsl(parts.query)
    asked = [pair for pair in query if pair[0] not in ("prompt", "max_age")]
    assert len(asked) == len(query) - 2, location
    return parts._replace(query=urllib.parse.urlencode(asked)).geturl()


def come_back(attacker, location, account="alice"):
    """From the provider to the gate, with the answer to the callback."""
    answer = attacker.login(location, account, until=names.CALLBACK)
    return attacker.get(urllib.parse.urljoin(answer.url, answer.header("location")))


def is_fresh(attacker):
    """Whether they may make a key, which needs a fresh sign-in."""
    form, page = {"name": f"key-{time.time_ns()}"}, attacker.page("/me/keys")
    origin = [*names.BROWSER_HEADERS, ("Origin", attacker.world.public_url)]
    answer = attacker.post(page, form, [*origin, ("Sec-Fetch-Site", "same-origin")])
    if answer.status == 403:
        assert "again=1" in answer.text, answer
        return False
    assert answer.status in (200, 303), answer
    return True


def test_only_a_proof_makes_a_sign_in_fresh(world):
    attacker = Attacker(world)
    assert attacker.enter("alice").status == 303
    assert attacker.userinfo(), "the first sign-in works"
    assert not is_fresh(attacker)
    # The provider still has them signed in, and asks nothing.
    assert come_back(attacker, start(attacker, again=False)).status == 303
    assert attacker.userinfo() and not is_fresh(attacker)
    # With a proof it is.
    assert come_back(attacker, start(attacker, again=True)).status == 303
    assert attacker.userinfo() and is_fresh(attacker)


def check_refused(attacker, answer):
    assert answer.status == 403, answer
    assert SHOWN in answer.text and "auth_time" in answer.text, answer
    assert "http-equiv" not in answer.text, answer


def test_again_without_what_asks_for_a_proof(world):
    attacker = Attacker(world)
    assert attacker.enter("alice").status == 303
    answer = come_back(attacker, without_a_proof(start(attacker, again=True)))
    check_refused(attacker, answer)
    assert not is_fresh(attacker), "the session is what it was"


TIMES = [
    ("none", lambda now: None),
    ("an hour ago", lambda now: now - 3600),
    ("of before it began", lambda now: now - 120),
    ("in an hour", lambda now: now + 3600),
    ("of the far future", lambda now: 2**62),
    ("of the far past", lambda now: -(2**62)),
]


@table(TIMES)
def test_auth_time(world, _, said):
    attacker, provider = Attacker(world), world.provider("generic")
    claims = {"auth_time": said(int(time.time()))}
    try:
        location = start(attacker, again=True)
        provider.mischief(id_token={"claims": claims})
        check_refused(attacker, come_back(attacker, location))
        attacker.check_noted("sign-in.auth-time")
        assert attacker.userinfo() is None
        if claims["auth_time"] and abs(claims["auth_time"] - time.time()) < 900:
            return
        # A plain sign-in goes on, and is not fresh.
        location = start(attacker, again=False)
        provider.mischief(id_token={"claims": claims})
        assert come_back(attacker, location).status == 303
        assert attacker.userinfo() and not is_fresh(attacker)
    finally:
        provider.reset()


def test_a_clock_that_is_a_little_ahead(world):
    attacker, provider = Attacker(world), world.provider("generic")
    location = start(attacker, again=True)
    provider.mischief(id_token={"claims": {"auth_time": int(time.time()) + 20}})
    try:
        assert come_back(attacker, location).status == 303 and is_fresh(attacker)
    finally:
        provider.reset()


def test_a_link_of_the_operator_is_fresh(world):
    attacker = Attacker(world)
    link = world.gatehall("admin", "link", "alice@google.example").split()[-1]
    page = attacker.page(urllib.parse.urlsplit(link).path)
    origin = [*names.BROWSER_HEADERS, ("Origin", world.public_url)]
    assert attacker.post(page, {}, origin).status == 303
    assert attacker.userinfo() and is_fresh(attacker)
