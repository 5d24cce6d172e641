"""Attacks on signing in: answers of providers that are replayed, swapped, injected or led elsewhere."""

import re
import urllib.parse

from . import names
from .attacks import Attacker, check_no_grant
from .runner import table


def parts_of(callback):
    parts = urllib.parse.urlsplit(callback)
    return parts, urllib.parse.parse_qsl(parts.query)


def changed(callback, path=None, drop=(), add=()):
    """The callback without some parameters, and with further ones."""
    parts, query = parts_of(callback)
    query = [(name, value) for name, value in query if name not in drop] + list(add)
    return parts._replace(path=path or parts.path, query=urllib.parse.urlencode(query)).geturl()


def value_of(callback, name):
    return dict(parts_of(callback)[1])[name]


# Changes of a good answer: name -> (drop, add, rule).
CHANGES = {
    "no state": (["state"], [], "sign-in.form"),
    "empty state": (["state"], [("state", "")], "sign-in.state"),
    "made-up state": (["state"], [("state", "x" * 43)], "sign-in.state"),
    "long state": (["state"], [("state", "x" * 20000)], "sign-in.state"),
    "two states": ([], [("state", "x" * 43)], "sign-in.form"),
    "no code": (["code"], [], "sign-in.form"),
    "empty code": (["code"], [("code", "")], "sign-in.code"),
    "two codes": ([], [("code", "x")], "sign-in.form"),
    "made-up code": (["code"], [("code", "x" * 43)], "sign-in.code"),
    "error": (["code"], [("error", "access_denied")], "sign-in.refused"),
    "error beside a code": ([], [("error", "access_denied")], "sign-in.refused"),
    "two errors": ([], [("error", "a"), ("error", "b")], "sign-in.form"),
    "error with a script": (
        ["code"],
        [
            ("error", "<script>alert(1)</script>"),
            ("error_description", "<script>alert(2)</script>"),
        ],
        "sign-in.refused",
    ),
    "no issuer": (["iss"], [], "sign-in.iss"),
    "other issuer": (["iss"], [("iss", "http://127.0.0.1:9")], "sign-in.iss"),
    "issuer with a slash": (["iss"], [("iss", "SLASH")], "sign-in.iss"),
    "empty issuer": (["iss"], [("iss", "")], "sign-in.iss"),
    "two issuers": ([], [("iss", "http://127.0.0.1:9")], "sign-in.form"),
}


@table([(name,) for name in CHANGES])
def test_callback_with(world, name):
    attacker = Attacker(world)
    callback = attacker.begin("alice")
    drop, add, rule = CHANGES[name]
    add = [
        (key, f"{world.provider('generic').issuer}/" if it == "SLASH" else it) for key, it in add
    ]
    answer = attacker.get(changed(callback, drop=drop, add=add))
    attacker.check_refused(answer, rule, 400, 403, 414, 431)
    assert "<script" not in answer.text, answer
    assert attacker.userinfo() is None
    if rule == "sign-in.state" or "state" in name:
        return
    # The attempt is over, whatever the answer was.
    again = attacker.get(callback)
    attacker.check_refused(again, "sign-in.state", 400)


def test_callback_replayed(world):
    victim = Attacker(world)
    callback = victim.begin("alice")
    jar = dict(victim.jar.cookies)
    assert victim.get(callback).status == 303
    for cookies in ({}, jar):
        attacker = Attacker(world)
        attacker.jar.cookies = dict(cookies)
        attacker.check_refused(attacker.get(callback), "sign-in.state", 400)


def test_callbacks_swapped_between_two_browsers(world):
    one, two = Attacker(world), Attacker(world)
    of_one, of_two = one.begin("alice"), two.begin("bob")
    one.check_refused(one.get(of_two), "sign-in.state", 400)
    two.check_refused(two.get(of_one), "sign-in.state", 400)


def test_login_csrf(world):
    """The attacker lets a victim finish the attacker's own sign-in."""
    attacker, victim = Attacker(world), Attacker(world)
    callback = attacker.begin("bob")
    victim.check_refused(victim.get(callback), "sign-in.state", 400)
    assert victim.userinfo() is None


def test_a_code_of_another_browser_is_injected(world):
    victim, attacker = Attacker(world), Attacker(world)
    stolen = value_of(victim.begin("alice"), "code")
    own = attacker.begin("bob")
    answer = attacker.get(changed(own, drop=["code"], add=[("code", stolen)]))
    attacker.check_refused(answer, "sign-in.code", 400)


@table([("generic", "entra"), ("entra", "generic"), ("entra", "authentik"), ("authentik", "entra")])
def test_an_answer_comes_to_another_callback(world, asked, path):
    attacker = Attacker(world)
    callback = attacker.begin("alice", asked)
    elsewhere = names.CALLBACK if path == "generic" else f"{names.CALLBACK}/{path}"
    answer = attacker.get(changed(callback, path=elsewhere))
    attacker.check_refused(answer, "sign-in.iss", 400)


def test_a_mix_up_of_providers(world):
    """An answer of one provider is put under the state that was begun with another."""
    attacker = Attacker(world)
    of_entra, of_authentik = attacker.begin("alice", "entra"), attacker.begin("alice", "authentik")
    answer = attacker.get(
        changed(of_entra, drop=["code"], add=[("code", value_of(of_authentik, "code"))])
    )
    attacker.check_refused(answer, "sign-in.code", 400)


@table([("nobody",), ("../generic",), ("%2e%2e",), ("generic/x",), ("x" * 300,)])
def test_callback_of_no_provider(world, provider):
    attacker = Attacker(world)
    callback = attacker.begin("alice")
    answer = attacker.get(changed(callback, path=f"{names.CALLBACK}/{provider}"))
    assert answer.status in (400, 404), answer
    check_no_grant(answer)


@table([("a made-up value",), ("another's session",), ("an attempt's cookie",)])
def test_fixation(world, planted):
    """A session cookie that was there before never becomes the session."""
    other, attacker = world.signed_in("bob"), Attacker(world)
    attempt = Attacker(world)
    attempt.begin("alice")
    value = {
        "a made-up value": "A" * 150,
        "another's session": other.jar.get(names.SESSION_COOKIE),
        "an attempt's cookie": next(iter(attempt.jar.cookies.values()))[0],
    }[planted]
    attacker.jar.set(names.SESSION_COOKIE, value)
    assert attacker.enter("alice").status == 303
    assert attacker.jar.get(names.SESSION_COOKIE) != value
    assert attacker.userinfo()["email"] == "alice@google.example"
    planter = Attacker(world)
    planter.jar.set(names.SESSION_COOKIE, value)
    assert planter.userinfo() is None, "what was planted is no session, or no more"


EVIL = "evil.example"
REDIRECTS = [
    f"//{EVIL}", f"///{EVIL}", f"////{EVIL}", f"/\\{EVIL}", f"\\\\{EVIL}", f"/\\/{EVIL}", f"\\/{EVIL}",
    f"/%5c{EVIL}", f"/%2f{EVIL}", f"%2f%2f{EVIL}", f"/%252f{EVIL}", f"/%09/{EVIL}", f"/\t/{EVIL}",
    f"/\r\n/{EVIL}", f"/%0d%0aLocation:%20http://{EVIL}", f"/./\\{EVIL}", f"/.//{EVIL}", f"/..//{EVIL}",
    f"/;@{EVIL}", f"//;@{EVIL}", f"http://{EVIL}", f"https://{EVIL}", f"HTTP://{EVIL}", f"http:{EVIL}",
    f"http:/{EVIL}", f"http:///{EVIL}", f"http:\\\\{EVIL}", "ftp://app.gate.localhost/",
    f"http://app.gate.localhost@{EVIL}/", f"http://app.gate.localhost:x@{EVIL}/",
    f"http://{EVIL}#app.gate.localhost", f"http://{EVIL}?app.gate.localhost",
    f"http://{EVIL}\\@app.gate.localhost/", f"http://app.gate.localhost.{EVIL}/",
    f"http://{EVIL}%23@app.gate.localhost/", "http://xgate.localhost/", "http://app.gate.localhost\\.evil.example",
    "http://app.gate.localhost%2eevil.example/", f"http://app.gate.localhost%00.{EVIL}/", f"http://app。gate。localhost.{EVIL}",
    "javascript:alert(1)", "JaVaScRiPt://app.gate.localhost/%0aalert(1)", "data:text/html,<script>", "vbscript:x",
    f" http://{EVIL}", f"\u2028//{EVIL}", f"/\u2215{EVIL}", "http://[::1]/", "http://127.0.0.1/", f"?//{EVIL}", f".{EVIL}",
    f"@{EVIL}", f"http://app.gate.localhost/%2f%2f{EVIL}", f"http://app.gate.localhost/..;//{EVIL}", "x" * 5000,
]  # fmt: skip


def check_own(location, world):
    """Where a browser ends up that reads it as browsers do."""
    plain = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    url = urllib.parse.urlsplit(urllib.parse.urljoin(f"{world.public_url}/", plain))
    origins = [world.public_url] + [world.provider(name).issuer for name in names.PROVIDERS]
    assert (url.scheme, url.netloc) in [urllib.parse.urlsplit(it)[:2] for it in origins], location
    assert EVIL not in plain and "script:" not in plain.lower(), location


@table([(number, rd) for number, rd in enumerate(REDIRECTS)])
def test_open_redirect(world, number, rd):
    attacker = Attacker(world)
    # At the start it goes into the attempt, and shows at the end.
    callback = attacker.begin("alice", rd=rd)
    answer = attacker.get(callback)
    assert answer.status == 303, answer
    check_own(answer.header("location"), world)
    for path in (names.SIGN_IN, names.SIGN_OUT):
        answer = attacker.get(attacker.page(path, rd=rd))
        assert answer.status in (200, 303), answer
        if location := answer.header("location"):
            check_own(location, world)
        for back in re.findall(r"rd=([^\"&]*)", answer.text):
            check_own(urllib.parse.unquote(back), world)
    headers = [*names.BROWSER_HEADERS, ("X-Auth-Request-Redirect", rd.encode().decode("latin-1"))]
    if not re.search(r"[\r\n\x00]", rd):
        answer = attacker.get(attacker.page(names.SIGN_IN), headers)
        for back in re.findall(r"rd=([^\"&]*)", answer.text):
            check_own(urllib.parse.unquote(back), world)
    for field in ("redirect", "redirect_uri", "next", "url", "return_to"):
        answer = attacker.get(
            attacker.page(names.START, **{field: f"http://{EVIL}", "provider": "generic"})
        )
        assert EVIL not in answer.header("location"), answer


def test_the_redirect_uri_is_not_the_requests(world):
    attacker = Attacker(world)
    for name in ("X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded"):
        value = f"host={EVIL}" if name == "Forwarded" else EVIL
        answer = attacker.ask(
            "GET", f"{names.START}?provider=generic", [("Host", EVIL), (name, value)]
        )
        assert answer.status == 303 and EVIL not in answer.header("location"), answer


TWO = [
    ("start", "rd=/a&rd=//evil.example"),
    ("sign_in", "rd=/a&rd=/b"),
    ("sign_out", "rd=/a&rd=/b"),
]
TWO += [("start", "provider=generic&provider=entra"), ("start", "provider=nobody")]
TWO += [
    ("start", "provider=%00"),
    ("start", "provider=../x"),
    ("start", "rd=%ff%fe&provider=generic"),
]


@table(TWO)
def test_a_start_that_is_unclear(world, page, query):
    attacker = Attacker(world)
    answer = attacker.ask("GET", f"/oauth2/{page}?{query}")
    check_no_grant(answer)
    assert "evil" not in (answer.header("location") or ""), answer
