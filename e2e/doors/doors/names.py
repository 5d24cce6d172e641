"""Every name that Gatehall, its proxies and its tests agree on, in one place."""

DOMAIN = "gate.localhost"
GATE_HOST = f"auth.{DOMAIN}"
APPS = ["app", "mcp", "admin", "open", "strange"]

SESSION_COOKIE = "__Secure-gatehall"
ATTEMPT_COOKIE = "__Host-gatehall-login-"

START = "/oauth2/start"
CALLBACK = "/oauth2/callback"
SIGN_IN = "/oauth2/sign_in"
SIGN_OUT = "/oauth2/sign_out"
SIGNED_OUT = "/oauth2/signed_out"
USERINFO = "/oauth2/userinfo"
AUTH = "/oauth2/auth"
BACKCHANNEL = "/oauth2/backchannel-logout"

# On the page of providers, the link to one of them.
CHOICE = 'a[href*="provider={}"]'

IDENTITY = ["X-User-Email", "X-User-Groups", "X-User-Admin", "X-User-Name", "X-Gatehall-Assertion"]

# The check that each proxy asks; nginx-oauth2 is nginx as it was set up for oauth2-proxy.
CHECKS = {
    "traefik": "/auth/traefik",
    "nginx": "/auth/nginx",
    "caddy": "/auth/caddy",
    "envoy": "/auth/envoy",
    "nginx-oauth2": AUTH,
}
PROXIES = list(CHECKS)

# Provider's id in Gatehall -> the profile of the test provider; both have the same names here.
PROVIDERS = ["entra", "authentik", "generic"]
SECRET_VARIABLE = "TEST_CLIENT_SECRET"
CLIENT_SECRET = "secret-of-the-client-gatehall-0123456789"

BROWSER_HEADERS = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"),
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
]
PROGRAM_HEADERS = [("User-Agent", "program/1.0"), ("Accept", "application/json")]
