"""Attacks on sessions: cookies, sign-in links, and signing somebody out who wants to stay."""

import base64
import time
import urllib.parse

from . import names, tokens
from .attacks import Attacker, check_no_grant, cookie, own_gate
from .client import send
from .processes import until
from .runner import table

SESSION = names.SESSION_COOKIE


def flipped(value, at):
    raw = bytearray(base64.urlsafe_b64decode(value + "==="))
    raw[at] ^= 1
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def attempt_of(world):
    attacker = Attacker(world)
    attacker.begin("alice")
    return next(
        (name, value) for (name, _, _), (value, _) in attacker.jar.cookies.items()
        if name.startswith(names.ATTEMPT_COOKIE)
    )  # fmt: skip


# What is made of a good cookie: name -> (world, good value) -> headers. Where nothing is left that
# could be a session, nothing is refused.
COOKIES = {
    "empty": lambda world, good: [cookie("")],
    "cut": lambda world, good: [cookie(good[:-1])],
    "cut in half": lambda world, good: [cookie(good[: len(good) // 2])],
    "only the key's name": lambda world, good: [cookie(good[:8])],
    "longer": lambda world, good: [cookie(good + "A")],
    "first byte": lambda world, good: [cookie(flipped(good, 0))],
    "key id": lambda world, good: [cookie(flipped(good, 2))],
    "middle byte": lambda world, good: [cookie(flipped(good, 40))],
    "last byte": lambda world, good: [cookie(flipped(good, -1))],
    "zeros": lambda world, good: [cookie("A" * len(good))],
    "no base64": lambda world, good: [cookie("!" * len(good))],
    "padding": lambda world, good: [cookie(good + "==")],
    "quoted": lambda world, good: [cookie(f'"{good}"')],
    "encoded": lambda world, good: [cookie(urllib.parse.quote(good[:5]) + "%41" + good[6:])],
    "not ASCII": lambda world, good: [cookie(good + "\xff")],
    "oversized": lambda world, good: [cookie("A" * 12000)],
    "attempt as session": lambda world, good: [cookie(attempt_of(world)[1])],
    "of another gate": lambda world, good: [cookie(foreign_session(world))],
    "JSON": lambda world, good: [cookie('{"user":"alice@google.example","admin":true}')],
}
# None of these is one session cookie; what they hold cannot be told.
OTHER_NAMES = {
    "__Host- name": "__Host-gatehall",
    "no prefix": "gatehall",
    "other letters": SESSION.upper(),
    "blank in the name": f"{SESSION} ",
    "of oauth2-proxy": "_oauth2_proxy",
}


def foreign_session(world):
    attacker = Attacker(world, own_gate(world, "foreign"))
    assert attacker.enter("alice").status == 303
    return attacker.jar.get(SESSION)


@table([(name,) for name in COOKIES])
def test_cookie(world, name):
    good = world.signed_in("alice").jar.get(SESSION)
    attacker = Attacker(world)
    headers = COOKIES[name](world, good)
    target = ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Uri", "/")
    host = ("X-Forwarded-Host", f"app.{names.DOMAIN}")
    answer = attacker.ask("GET", "/auth/traefik", [*target, host, *headers])
    attacker.check_refused(answer, "session", 401, 431)
    assert attacker.ask("GET", names.USERINFO, headers).status in (401, 431)
    assert attacker.rpc(headers).status in (401, 431)
    for kind in names.PROXIES:
        answer = send(world.proxy(kind), "/", f"app.{names.DOMAIN}", headers=headers)
        assert answer.status in (400, 401, 431), answer
        check_no_grant(answer)


@table([(name,) for name in OTHER_NAMES])
def test_cookie_of_another_name(world, name):
    good = world.signed_in("alice").jar.get(SESSION)
    attacker = Attacker(world)
    answer = attacker.ask("GET", names.USERINFO, [cookie(good, OTHER_NAMES[name])])
    assert name == "blank in the name" or answer.status == 401, answer
    check_no_grant(answer)


def test_session_as_attempt(world):
    attacker = Attacker(world)
    callback = attacker.begin("alice")
    name = attempt_of(world)[0]
    attacker.jar.drop(names.ATTEMPT_COOKIE)
    attacker.jar.set(name, world.signed_in("alice").jar.get(SESSION))
    attacker.check_refused(attacker.get(callback), "sign-in.state", 400)


def test_an_attempt_under_another_name(world):
    attacker = Attacker(world)
    callback = attacker.begin("alice")
    value, other = attempt_of(world)[1], attacker.jar.held()[0]
    attacker.jar.drop(names.ATTEMPT_COOKIE)
    attacker.jar.set(other, value)
    attacker.check_refused(attacker.get(callback), "sign-in.state", 400)


@table([("signed out",), ("ended by an administrator",), ("signed in anew",)])
def test_an_old_cookie(world, end):
    visitor, attacker = Attacker(world), Attacker(world)
    visitor.enter("bob")
    old = visitor.jar.get(SESSION)
    if end == "signed out":
        visitor.post(visitor.page(names.SIGN_OUT), {})
    elif end == "signed in anew":
        visitor.enter("bob")
    else:
        world.gatehall("session", "end", "bob@google.example")
        until("the gate heard of it", lambda: visitor.userinfo() is None)
    attacker.check_refused(attacker.rpc([cookie(old)]), "session", 401)


CROSS_SITE = [
    ("form of another site", [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")]),
    ("old browser", [("Origin", "http://evil.example")]),
    (
        "neighbouring host",
        [("Origin", f"http://app.{names.DOMAIN}"), ("Sec-Fetch-Site", "same-site")],
    ),
    ("hidden origin", [("Origin", "null")]),
    ("Origin twice", [("Origin", "http://evil.example"), ("Origin", "http://evil.example")]),
    ("Sec-Fetch-Site in odd letters", [("Sec-Fetch-Site", "Same-Origin\xff")]),
]


# Refused before anybody looks at what is asked for.
UNREAD = ["Origin twice"]


def link_of(world, email="alice@google.example"):
    text = world.gatehall("admin", "link", email)
    return next(word for word in text.split() if "/sign-in/link/" in word)


@table(CROSS_SITE)
def test_a_link_is_sent_by_another_site(world, name, headers):
    attacker, link = Attacker(world), link_of(world)
    answer = attacker.request("POST", link, headers)
    attacker.check_refused(answer, None if name in UNREAD else "sign-in.link", 400, 403)
    assert attacker.post(link, {}).status == 303, "it was not used up"


def test_a_link_works_once(world):
    first, second, link = Attacker(world), Attacker(world), link_of(world)
    for _ in range(3):
        answer = first.get(link)
        assert answer.status == 200, answer
        check_no_grant(answer)
    assert first.request("HEAD", link).status in (200, 405)
    assert first.post(link, {}).status == 303 and first.userinfo()
    second.check_refused(second.post(link, {}), "sign-in.link", 400)


@table([("x",), ("%00",), ("..%2f..",), ("A" * 43,), ("A" * 5000,), ("%3Cscript%3E",)])
def test_a_made_up_link(world, token):
    attacker = Attacker(world)
    answer = attacker.post(attacker.page(f"/sign-in/link/{token}"), {})
    attacker.check_refused(answer, "sign-in.link", 400, 404)
    assert "<script>" not in attacker.get(attacker.page(f"/sign-in/link/{token}")).text


@table([(method, name, headers) for method in ("GET", "POST") for name, headers in CROSS_SITE])
def test_another_site_signs_nobody_out(world, method, name, headers):
    visitor = Attacker(world)
    visitor.enter("alice")
    led = Attacker(world, jar=visitor.jar)
    answer = led.request(method, led.page(names.SIGN_OUT), headers)
    # A GET only asks whether it is meant.
    noted = method == "POST" and name not in UNREAD
    led.check_refused(answer, "session" if noted else None, 200, 400, 403)
    assert visitor.userinfo(), "the session is gone"


@table(CROSS_SITE[:4])
def test_another_site_calls_with_the_visitors_cookie(world, name, headers):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    session = cookie(visitor.jar.get(SESSION))
    attacker.check_refused(attacker.rpc([session, *headers]), "origin", 403)


def logout(attacker, token, provider="generic", form=None):
    body = urllib.parse.urlencode(form or {"logout_token": token})
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    return attacker.ask("POST", f"{names.BACKCHANNEL}/{provider}", headers, body)


# Faults of a logout token: name -> (how to mint it, rule).
LOGOUTS = {
    "nonce": ({"overrides": {"nonce": "x"}}, "token.events"),
    "no events": ({"overrides": {"events": None}}, "token.events"),
    "events without ours": ({"overrides": {"events": {"urn:x": {}}}}, "token.events"),
    "event as text": ({"overrides": {"events": {tokens.LOGOUT_EVENT: "yes"}}}, "token.events"),
    "events as text": ({"overrides": {"events": tokens.LOGOUT_EVENT}}, "token.events"),
    "wrong aud": ({"overrides": {"aud": "open-webui"}}, "token.aud"),
    "further aud": ({"overrides": {"aud": ["gatehall", "evil"]}}, "token.aud.further"),
    "wrong iss": ({"overrides": {"iss": "http://127.0.0.1:9"}}, "token.iss"),
    "old iat": ({"overrides": {"iat": 1_700_000_000}}, "token.iat.old"),
    "no iat": ({"overrides": {"iat": None}}, "token.claims"),
    "no jti": ({"overrides": {"jti": None}}, "token.claims"),
    "empty jti": ({"overrides": {"jti": ""}}, "token.claims"),
    "neither sub nor sid": ({"overrides": {"sub": None, "sid": None}}, "token.sub"),
    "expired": ({"overrides": {"exp": 1_700_000_000}}, "token.exp"),
    "alg none": ({"key": "none"}, "token.alg"),
    "HS256": ({"key": "secret"}, "token.alg"),
    "foreign key": ({"key": "foreign"}, "token.signature"),
    "typ of an access token": ({"header": {"typ": "at+jwt"}}, "token.typ"),
    "crit": ({"header": {"crit": ["x"], "x": 1}}, "token.crit"),
    "sub as a list": ({"overrides": {"sub": ["user-alice"]}}, ("token.claims", "token.form")),
    "sid as a number": ({"overrides": {"sid": 7}}, "token.claims"),
    "a member twice": ({"raw_suffix": '"sub":"user-bob"'}, "token.form"),
}


@table([(name,) for name in LOGOUTS])
def test_back_channel_logout_with(world, name):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    how, rule = LOGOUTS[name]
    answer = logout(attacker, tokens.logout_token(world.provider("generic"), "user-alice", **how))
    attacker.check_refused(answer, rule, 400)
    assert visitor.get(f"{world.public_url}{names.USERINFO}").status == 200


def test_back_channel_logout_of_other_kinds(world):
    provider = world.provider("generic")
    good = tokens.logout_token(provider, "user-alice")
    forms = {
        "ID token": ({"logout_token": tokens.id_token(provider)}, "generic", "token.events"),
        "no token": ({"x": "y"}, "generic", "sign-in.form"),
        "two tokens": ([("logout_token", good)] * 2, "generic", "sign-in.form"),
        "other provider": ({"logout_token": good}, "authentik", "token.kid"),
        "no provider": ({"logout_token": good}, "nobody", "sign-in.provider"),
        "one megabyte": ({"logout_token": "x" * 1_000_000}, "generic", "token.length"),
    }
    for name, (form, door, rule) in forms.items():
        visitor, attacker = world.signed_in("alice"), Attacker(world)
        answer = logout(attacker, None, door, form)
        assert answer.status in (400, 404, 413), f"{name}: {answer}"
        attacker.check_refused(answer, rule, 400, 404, 413)
        assert visitor.get(f"{world.public_url}{names.USERINFO}").status == 200, name


def test_back_channel_logout_replayed(world):
    token = tokens.logout_token(world.provider("generic"), "user-alice")
    assert logout(Attacker(world), token).status == 200
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    attacker.check_refused(logout(attacker, token), "token.jti", 400)
    assert visitor.get(f"{world.public_url}{names.USERINFO}").status == 200


def test_back_channel_logout_replayed_at_another_replica(world):
    """One that has never heard of the token, as a gate that was started anew."""
    token = tokens.logout_token(world.provider("generic"), "user-alice")
    assert logout(Attacker(world), token).status == 200
    issued = int(time.time())
    while int(time.time()) <= issued:
        time.sleep(0.05)
    visitor = world.signed_in("alice")
    world.restart_gate()
    world.__dict__.get("ready_gates", set()).clear()
    assert logout(Attacker(world), token).status == 200
    assert visitor.get(f"{world.public_url}{names.USERINFO}").status == 200, "it began later"
    # A token that is issued now ends it.
    fresh = tokens.logout_token(world.provider("generic"), "user-alice")
    assert logout(Attacker(world), fresh).status == 200
    until(
        "the gate heard of it",
        lambda: visitor.get(f"{world.public_url}{names.USERINFO}").status == 401,
    )


FRONT = [("no sid", "iss=ISSUER", "sign-in.form"), ("no iss", "sid=x", "sign-in.form")]
FRONT += [("nothing", "", "sign-in.form"), ("empty sid", "iss=ISSUER&sid=", "sign-in.form")]
FRONT += [("two sids", "iss=ISSUER&sid=x&sid=y", "sign-in.form")]
FRONT += [("other issuer", "iss=http://127.0.0.1:9&sid=x", "sign-in.iss")]


@table(FRONT)
def test_front_channel_logout_with(world, name, query, rule):
    visitor, attacker = world.signed_in("alice"), Attacker(world)
    query = query.replace("ISSUER", urllib.parse.quote(world.provider("generic").issuer))
    answer = attacker.ask("GET", f"/oauth2/frontchannel-logout/generic?{query}")
    attacker.check_refused(answer, rule, 400)
    assert visitor.get(f"{world.public_url}{names.USERINFO}").status == 200
