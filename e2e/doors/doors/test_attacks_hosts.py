"""Attacks with hosts that a proxy, the gate and a backend might read in different ways: whichever
host serves a request is the one that was asked about."""

import concurrent.futures
import re

from . import http2, names, readers
from .attacks import cookie
from .client import send, send_raw
from .runner import table

D = names.DOMAIN
WAYS = {
    **{kind: (kind, None) for kind in names.PROXIES},
    "nginx with several servers": ("nginx", readers.several),
    "nginx-oauth2 with several servers": ("nginx-oauth2", readers.several),
}


def heads():
    """Request lines with Host headers; PORT is the proxy's. All ask for what bob may not."""
    target = "/engine/x"
    for host in ("app", "admin", "strange"):
        other = f"open.{D}"
        for port in ("", ":PORT", ":80"):
            name = f"{host}.{D}{port}"
            for scheme in ("http", "HTTP", "https"):
                yield f"GET {scheme}://{name}{target} HTTP/1.1", [f"{other}{port}"]
            yield f"GET http://{other}{port}{target} HTTP/1.1", [name]
            yield f"GET http://{name}{target} HTTP/1.0", []
            yield f"GET http://{name}{target} HTTP/1.0", [other]
            yield f"GET http://{name} HTTP/1.1", [other]
            yield f"GET http://{name}?x HTTP/1.1", [other]
            yield f"GET http://{name}# HTTP/1.1", [other]
            yield f"GET http://{other}@{name}{target} HTTP/1.1", [other]
            yield f"GET http://{name}\\@{other}{target} HTTP/1.1", [other]
            yield f"GET {target} HTTP/1.1", [name]
            yield f"GET {target} HTTP/1.1", [name.upper()]
            yield f"GET {target} HTTP/1.1", [name, other]
            yield f"GET {target} HTTP/1.1", [other, name]
            yield f"GET {target} HTTP/1.1", [f"{name},{other}"]
            yield f"GET //{other}{target} HTTP/1.1", [name]
            yield f"CONNECT {name} HTTP/1.1", [other]
            yield f"CONNECT {other} HTTP/1.1", [name]
            yield "OPTIONS * HTTP/1.1", [name]
            yield f"OPTIONS http://{name} HTTP/1.1", [other]
        name = f"{host}.{D}"
        for spoilt in (".", "..", ":", ":80?", ":80?x=", ":80#", ":80/public", ":80\\", ":80;", ":80@"):
            yield f"GET {target} HTTP/1.1", [name + spoilt]
        for spoilt in ("?", "?x=", "#", "/public", "\\", ";", "%00", "%2f", "\t", "\x01", "\xa0", "'"):
            yield f"GET {target} HTTP/1.1", [name + spoilt]
        for spoilt in (f":80@{other}", f"@{other}", f":PORT?@{other}", f":80:{other}", ":x", ":-1"):
            yield f"GET {target} HTTP/1.1", [name + spoilt]
        for spoilt in (f"{other}:80@{name}", f"{other}@{name}", f"{other}#@{name}", f" {name}"):
            yield f"GET {target} HTTP/1.1", [spoilt]
        yield f"GET {target} HTTP/1.1", [f"{name}\r\nX-Forwarded-Host: {other}"]
        yield f"GET {target} HTTP/1.1", [f"{name}\r\nX-Original-URL: http://{other}/"]
        yield f"GET {target} HTTP/1.1", [f"{name}\r\nX-Forwarded-Uri: /public"]
        yield f"GET {target} HTTP/1.1", [f"{other}\r\n {name}"]
        yield f"GET {target} HTTP/1.1", [f"{other}\r\nHost : {name}"]
    yield f"GET {target} HTTP/1.1", [""]
    yield f"GET {target} HTTP/1.1", []
    yield f"GET {target} HTTP/1.0", []
    yield f"GET {target} HTTP/1.0", [""]


def plain(host):
    """The host as the most lenient backend reads it."""
    return re.split(r"[^a-z0-9._-]", host.strip().lower())[0].rstrip(".")


def fault(answer, signed_in):
    """What is wrong with an answer, if a reader gave it."""
    if answer is None or answer.header("x-backend") is None:
        python = answer is not None and "BaseHTTP" in str(answer.all("server"))
        return "the reader was reached" if python else None
    said = answer.json()
    host, served = plain(said["host"] or ""), answer.header("x-served")
    if served and served != host:
        return f"the server of {served} served {host}"
    if host == f"open.{D}" or host == f"app.{D}" and signed_in and said["handler"] == "other":
        return None
    return f"{host} ran {said['handler']}"


@table([(way,) for way in WAYS])
def test_one_host_is_asked_about_and_serves(world, way):
    kind, change = WAYS[way]
    proxy = readers.proxy(world, kind, "lenient", change, f"{way.replace(' ', '-')}-lenient")
    session = cookie(world.signed_in("bob").jar.get(names.SESSION_COOKIE))
    for host in (f"app.{D}", f"App.{D}:{proxy}", f"APP.GATE.LOCALHOST:{proxy}"):
        answer = send(proxy, "/x", headers=[("Host", host), session])
        assert fault(answer, True) is None and answer.json()["handler"] == "other", answer
    wrong = []
    for line, hosts in heads():
        for headers in ([], [session]):
            lines = [line, *(f"Host: {host}" for host in hosts), "Connection: close"]
            lines += [f"{name}: {value}" for name, value in [*headers, *names.PROGRAM_HEADERS]]
            text = "\r\n".join(lines).replace("PORT", str(proxy)) + "\r\n\r\n"
            try:
                answer = send_raw(proxy, text)
            except (OSError, ValueError, IndexError):
                continue  # No answer at all, or none of HTTP/1.1.
            # Traefik says by itself that it does not know CONNECT.
            if answer.status >= 500 and not (answer.status == 501 and line.startswith("CONNECT")):
                wrong.append(f"{answer.status} to {line} {hosts}")
            if it := fault(answer, bool(headers)):
                wrong.append(f"{it}: {line} {hosts}{' as bob' if headers else ''}")
    assert not wrong, "\n".join(wrong)


def requests(host, other):
    """Headers of HTTP/2 that say two things."""

    def head(authority, path="/engine/x", scheme="http"):
        first = [(":method", "GET"), (":scheme", scheme), (":path", path)]
        return first + ([(":authority", authority)] if authority is not None else [])

    yield [*head(host), ("host", other)]
    yield [*head(other), ("host", host)]
    yield [*head(host)]
    yield [*head(None), ("host", host)]
    yield [*head(None), ("host", host), ("host", other)]
    yield [*head(None), ("host", other), ("host", host)]
    yield [*head(other), ("host", other), ("host", host)]
    yield [*head(""), ("host", host)]
    yield [*head(None)]
    yield [*head(host), (":authority", other)]
    yield [*head(other), (":authority", host)]
    for spoilt in (f"{other}@{host}", f"{host}@{other}", f"{host}:80?", f"{host}?", f"{host}#"):
        yield head(spoilt)
    for spoilt in (f"{host}/public", host.upper(), f"{host}.", f"{host}:80", f"{host},{other}"):
        yield head(spoilt)
    for path in ("engine/x", "/ENGINE", "/engine#x", "/engine\\x", f"http://{host}/engine", "*", "?"):
        yield [*head(other, path), ("host", host)]
        yield head(host, path)
    yield [*head(host), ("x-forwarded-host", other), ("x-forwarded-uri", "/public")]
    yield [*head(host, scheme="https")]
    yield [(":method", "CONNECT"), (":authority", f"{host}:80")]
    yield [(":method", "CONNECT"), (":authority", other), ("host", host)]
    yield [(":method", "CONNECT"), (":protocol", "websocket"), *head(host)[1:]]
    yield [(":method", "CONNECT"), (":protocol", "h2c"), *head(host, "/public")[1:]]
    yield [*head(host), ("upgrade", "h2c"), ("connection", "upgrade")]


@table([(kind,) for kind in names.PROXIES])
def test_one_host_is_asked_about_and_serves_over_http2(world, kind):
    proxy = readers.proxy_with_http2(world, kind, "lenient")
    session = cookie(world.signed_in("bob").jar.get(names.SESSION_COOKIE))
    good = [(":method", "GET"), (":scheme", "http"), (":path", "/x"), (":authority", f"open.{D}")]
    assert http2.send(proxy, *good).json()["handler"] == "other"
    asked = [
        [*headers, *own]
        for host in ("app", "admin", "strange")
        for headers in requests(f"{host}.{D}", f"open.{D}")
        for own in ([], [("cookie", session[1])])
    ]
    # Envoy takes a second to close a connection.
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda headers: http2.send(proxy, *headers), asked))
    faults = [(fault(it, "cookie" in dict(each)), each) for it, each in zip(answers, asked)]
    wrong = [f"{it}: {headers}" for it, headers in faults if it]
    assert not wrong, "\n".join(wrong)
