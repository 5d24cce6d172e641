"""Tokens made by the test providers: good ones, and ones with a single fault."""

import base64
import json
import time


def access_token(
    provider,
    account="alice",
    client="open-webui",
    audience=None,
    scope="mcp",
    overrides=None,
    **how,
):
    """An access token as the provider would issue it; account=None makes it app-only. `overrides`
    replaces claims (None takes one away); `how` is header, key, alg, raw_payload, raw_prefix,
    raw_suffix and seconds, as in provider/control.mjs."""
    body = {
        "account": account,
        "client": client,
        "audience": audience,
        "scope": scope,
        "overrides": overrides or {},
        **how,
    }
    if audience is None:
        body["audience"] = default_audience(provider, client)
    return provider.control("access-token", body)["token"]


def default_audience(provider, client):
    if provider.profile == "entra":
        return provider.facts["api"]
    return client if provider.profile == "authentik" else None


def mint(provider, claims=None, **how):
    """Any signed text, as provider/control.mjs says."""
    return provider.control("mint", {"claims": claims or {}, **how})["token"]


def id_token(provider, account="alice", audience="gatehall", overrides=None, **how):
    """An ID token that no login led to."""
    claims = provider.control(f"accounts/{account}", {})
    now = int(time.time())
    claims |= {"iss": provider.issuer, "aud": audience, "iat": now, "exp": now + 3600}
    return mint(provider, {**claims, **(overrides or {})}, **how)


LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(provider, sub=None, sid=None, overrides=None, **how):
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "aud": "gatehall",
        "iat": now,
        "exp": now + 120,
        "jti": f"logout-{time.time_ns()}",
        "events": {LOGOUT_EVENT: {}},
        "sub": sub,
        "sid": sid,
    }
    return mint(
        provider, {**claims, **(overrides or {})}, **{"header": {"typ": "logout+jwt"}, **how}
    )


def decoded(token):
    """Header and claims, without a look at the signature."""
    return [json.loads(base64.urlsafe_b64decode(part + "===")) for part in token.split(".")[:2]]


def encoded(value):
    text = value if isinstance(value, (bytes, str)) else json.dumps(value)
    return (
        base64.urlsafe_b64encode(text if isinstance(text, bytes) else text.encode())
        .rstrip(b"=")
        .decode()
    )


# Faults that every verifier must see, for any JWT that the provider signs: name -> how to mint it.
# Values may be functions of the present time.
FAULTS = {
    "alg none": {"key": "none"},
    "alg None in other letters": {"key": "none", "header": {"alg": "nOnE"}},
    "HS256 with the public key": {"key": "public-as-hmac"},
    "HS256 with the client's secret": {"key": "secret"},
    "another key under the known kid": {"key": "foreign"},
    "unknown kid": {"key": "foreign", "header": {"kid": "unknown"}},
    "unknown kid like a path": {"key": "foreign", "header": {"kid": "../../etc/passwd"}},
    "no kid, another key": {"key": "foreign", "header": {"kid": None}},
    "own jwk": {"key": "foreign", "header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    "jku": {"key": "foreign", "header": {"jku": "http://127.0.0.1:9/jwks"}},
    "x5u": {"key": "foreign", "header": {"x5u": "http://127.0.0.1:9/x5u"}},
    "x5c": {"key": "foreign", "header": {"x5c": ["AAAA"]}},
    "unknown crit": {"header": {"crit": ["urn:example:unknown"], "urn:example:unknown": True}},
    "alg of another key type": {"header": {"alg": "ES256"}},
    "other issuer": {"overrides": {"iss": "http://127.0.0.1:9"}},
    "issuer with a slash more": {
        "overrides": lambda claims: {"iss": claims["iss"].rstrip("/") + "//"}
    },
    "no issuer": {"overrides": {"iss": None}},
    "other audience": {"overrides": {"aud": "somebody-else"}},
    "no audience": {"overrides": {"aud": None}},
    "empty audience": {"overrides": {"aud": []}},
    "no subject": {"overrides": {"sub": None}},
    "empty subject": {"overrides": {"sub": ""}},
    "subject of 300 letters": {"overrides": {"sub": "s" * 300}},
    "subject as a number": {"overrides": {"sub": 7}},
    "expired": {
        "overrides": lambda claims: {"exp": claims["iat"] - 3600, "iat": claims["iat"] - 7200}
    },
    "no expiry": {"overrides": {"exp": None}},
    "expiry as text": {"overrides": lambda claims: {"exp": str(claims["iat"] + 3600)}},
    "not yet valid": {"overrides": lambda claims: {"nbf": claims["iat"] + 3600}},
    "issued in the future": {
        "overrides": lambda claims: {"iat": claims["iat"] + 3600, "exp": claims["iat"] + 7200}
    },
    "a member twice": {"raw_prefix": '"sub":"somebody-else"'},
    "a member twice at the end": {"raw_suffix": '"exp":9999999999'},
    "payload is an array": {"raw_payload": "[]"},
    "payload is no JSON": {"raw_payload": "{"},
    "payload nested deeply": {"raw_suffix": '"deep":' + "[" * 5000 + "]" * 5000},
    "one megabyte": {"overrides": {"filler": "x" * 1_000_000}},
}


def fault(name, claims):
    """How to mint the fault, with claims that depend on the good token's put in."""
    how = dict(FAULTS[name])
    if callable(how.get("overrides")):
        how["overrides"] = how["overrides"](claims)
    return how


def damaged(token):
    """The good token, broken in ways that need no key: name -> text."""
    header, payload, signature = token.split(".")
    return {
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "five parts": f"{token}.{signature}.{signature}",
        "empty parts": "..",
        "only dots": "." * 1000,
        "signature cut": token[:-20],
        "signature of zeros": f"{header}.{payload}.{encoded(bytes(256))}",
        "payload exchanged": f"{header}.{encoded({**decoded(token)[1], 'email': 'root@google.example'})}.{signature}",
        "header exchanged": f"{encoded({**decoded(token)[0], 'x': 1})}.{payload}.{signature}",
        "padding added": f"{header}==.{payload}==.{signature}==",
        "standard alphabet": token.replace("-", "+").replace("_", "/") + "+/",
        "no base64": f"{header}.{payload}.!!!!",
    }
