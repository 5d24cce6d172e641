"""Signing in through every proxy and at every provider, by plain HTTP and in a real browser."""

from . import names
from .browser import Browser
from .client import Visitor, send
from .runner import table

EMAIL = "alice@google.example"


def seen_by_backend(answer):
    return {name.lower(): value for name, value in answer.json()["headers"]}


@table([(kind, provider) for kind in names.PROXIES for provider in names.PROVIDERS])
def test_a_visitor_signs_in_and_comes_back(world, kind, provider):
    page = world.url(kind, "app", "/deep/page?x=1&y=2")
    # The public address is Traefik's, wherever the page is.
    world.proxy("traefik")
    visitor = Visitor()
    answer = visitor.login(page, "alice", provider)
    assert answer.url == page and answer.status == 200, answer
    headers = seen_by_backend(answer)
    assert headers["x-user-email"] == EMAIL and headers["x-user-admin"] == "false", headers
    assert answer.json()["target"] == "/deep/page?x=1&y=2"
    assert names.SESSION_COOKIE in visitor.jar.held()
    assert not [name for name in visitor.jar.held() if name.startswith(names.ATTEMPT_COOKIE)]
    # nginx, set up for oauth2-proxy, shows the page of providers in place of what was asked for.
    shown = visitor.steps[1:] if kind == "nginx-oauth2" else visitor.steps
    for step in shown:
        assert step.status < 400, step


FORGED = [
    ("X-User-Email", "root@google.example"),
    ("X-User-Groups", "MCP-Admin"),
    ("X-User-Admin", "true"),
]


@table(
    [
        (kind, form)
        for kind in names.PROXIES
        for form in ("plain", "underscores", "dots", "Connection", "event stream")
    ]
)
def test_a_signed_in_visitor_cannot_be_another(world, kind, form):
    visitor = world.signed_in("alice")
    headers = {
        "plain": FORGED,
        "underscores": [(name.replace("-", "_"), value) for name, value in FORGED],
        "dots": [(name.replace("-", "."), value) for name, value in FORGED],
        "Connection": [*FORGED, ("Connection", "close, X-User-Email, X-User-Admin")],
        "event stream": [
            *FORGED,
            ("Accept", "text/event-stream"),
            ("X-Forwarded-User", "root@google.example"),
        ],
    }[form]
    answer = visitor.request("GET", world.url(kind, "app"), headers)
    assert answer.status == 200, answer
    said = {"x-user-email": EMAIL, "x-user-admin": "false"}
    for name, value in answer.json()["headers"]:
        plain = name.lower().replace("_", "-").replace(".", "-")
        assert plain not in said or value == said[plain], f"{name}: {value}"
        assert "root@" not in value and value not in ("true", "MCP-Admin"), f"{name}: {value}"


@table([(kind,) for kind in names.PROXIES])
def test_nobody_gets_in_without_signing_in(world, kind):
    for headers in (
        FORGED,
        [*FORGED, ("Accept", "text/event-stream"), ("X-Forwarded-User", EMAIL)],
    ):
        for method in ("GET", "POST"):
            answer = send(world.proxy(kind), "/", f"app.{names.DOMAIN}", method, headers)
            # The drop-in shows its page of providers to everybody.
            assert answer.status in (401, 302) or kind == "nginx-oauth2", answer
            assert answer.header("x-backend") is None, answer
    answer = send(world.proxy(kind), "/", f"strange.{names.DOMAIN}", headers=names.BROWSER_HEADERS)
    assert answer.header("x-backend") is None and 300 < answer.status < 500, answer
    answer = send(world.proxy(kind), "/", f"open.{names.DOMAIN}", headers=FORGED)
    assert answer.status == 200, answer
    assert "root@google.example" not in answer.text and "MCP-Admin" not in answer.text, answer


def test_a_provider_signs_its_user_out(world):
    """Signing out at the provider reaches Gatehall by the back channel, through the proxy."""
    visitor = world.signed_in("bob", "authentik")
    page = world.url("traefik", "app")
    assert visitor.get(page).status == 200
    end = f"{world.provider('authentik').issuer}session/end"
    form = visitor.get(end).text
    secret = form.split('name="xsrf" value="')[1].split('"')[0]
    visitor.post(f"{end}/confirm", {"xsrf": secret, "logout": "yes"})
    assert visitor.get(page).status == 302


def test_a_browser_signs_in(world):
    world.proxy("traefik")
    page = world.url("traefik", "app", "/first?x=1")
    browser = Browser(world.processes, world.tools)

    def begin(url):
        """Opens the page and goes on to the provider's."""
        browser.open(url)
        browser.click(names.CHOICE.format("generic"))

    try:
        # Two tabs begin before either ends; both must arrive.
        first = browser.tab()
        begin(page)
        second = browser.new_tab()
        begin(page.replace("first", "second"))
        browser.sign_in("alice")
        browser.wait_for_url("/second?x=1")
        browser.switch(first)
        browser.sign_in("alice")
        browser.wait_for_url("/first?x=1")
        assert EMAIL in browser.text
        cookies = browser.cookies()
        session = cookies[names.SESSION_COOKIE]
        assert session["secure"] and session["httpOnly"] and session["sameSite"] == "Lax", session
        assert not [name for name in cookies if name.startswith(names.ATTEMPT_COOKIE)], cookies
        # Back leads to pages of the login that is over; nothing there may harm the session.
        browser.back()
        browser.open(page)
        assert EMAIL in browser.text
        # Without the session it begins anew; the provider still knows the person.
        browser.switch(second)
        browser.delete_cookies()
        begin(page.replace("first", "third"))
        browser.wait_for_url("/third?x=1")
        assert EMAIL in browser.text and browser.url.startswith(f"http://app.{names.DOMAIN}:")
    finally:
        browser.close()
