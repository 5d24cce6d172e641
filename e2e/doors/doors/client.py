"""An HTTP/1.1 client that sends exactly what a test says, and a visitor who keeps cookies."""

import dataclasses
import html
import re
import socket
import urllib.parse
import zlib

from . import names

JUMPS = (301, 302, 303, 307, 308)


@dataclasses.dataclass
class Answer:
    status: int
    headers: list
    body: bytes
    url: str = ""

    def all(self, name):
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def header(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        import json

        return json.loads(self.body)

    def __str__(self):
        shown = "".join(f"\n  {name}: {value}" for name, value in self.headers)
        return f"{self.status} from {self.url}{shown}\n  {self.text[:500]}"


def _read_line(stream):
    line = stream.readline(1 << 20)
    if not line:
        raise ConnectionError("the answer ended early")
    return line.rstrip(b"\r\n")


def _read_body(stream, method, status, headers):
    named = {name.lower(): value for name, value in headers}
    if method == "HEAD" or status in (204, 304) or status < 200:
        return b""
    if "chunked" in named.get("transfer-encoding", "").lower():
        body = b""
        while size := int(_read_line(stream).split(b";")[0], 16):
            body += stream.read(size)
            stream.readline()
        return body
    if "content-length" in named:
        return stream.read(int(named["content-length"]))
    return stream.read()


def read_answer(stream, method="GET", url=""):
    while True:
        status = int(_read_line(stream).split(b" ")[1])
        headers = []
        while line := _read_line(stream):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        if status >= 200 or status == 101:
            break
    body = _read_body(stream, method, status, headers)
    answer = Answer(status, headers, body, url)
    if answer.header("content-encoding") == "gzip":
        answer.body = zlib.decompress(body, 31)
    return answer


def connect(port, host=None, tls=None, seconds=15):
    """A connection to this machine, with TLS for the host if there is a context for it."""
    connection = socket.create_connection(("127.0.0.1", port), seconds)
    return tls.wrap_socket(connection, server_hostname=host) if tls else connection


def send_raw(port, text, method="GET", url="", seconds=15, host=None, tls=None):
    """Sends the text as it is and reads one answer."""
    with connect(port, host, tls, seconds) as connection:
        connection.sendall(text.encode("latin-1") if isinstance(text, str) else text)
        with connection.makefile("rb") as stream:
            return read_answer(stream, method, url)


def send(port, target="/", host=None, method="GET", headers=(), body=None, seconds=15, tls=None):
    """One request. Headers are pairs, sent in their order and with their letters; a header of the
    test's own with the name of one that is added here (Host, Content-Length) takes its place."""
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1"]
    if "host" not in given:
        lines.append(f"Host: {host or names.GATE_HOST}:{port}")
    lines += [f"{name}: {value}" for name, value in headers]
    content = body.encode() if isinstance(body, str) else body or b""
    if (content or method in ("POST", "PUT", "PATCH")) and not given & {
        "content-length",
        "transfer-encoding",
    }:
        lines.append(f"Content-Length: {len(content)}")
    if "connection" not in given:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    url = f"http{'s' if tls else ''}://{host or names.GATE_HOST}:{port}{target}"
    return send_raw(port, head + content, method, url, seconds, host, tls)


class Jar:
    """Cookies as a browser keeps them: by name, domain and path. Names under localhost count as
    secure, as they do in browsers."""

    def __init__(self):
        self.cookies = {}

    def take(self, host, line):
        pair, *attributes = [part.strip() for part in line.split(";")]
        name, _, value = pair.partition("=")
        said = {key.lower(): each for key, _, each in (part.partition("=") for part in attributes)}
        domain = said.get("domain", "").lstrip(".").lower()
        if domain and host != domain and not host.endswith(f".{domain}"):
            return
        if name.startswith("__Host-") and (
            domain or "secure" not in said or said.get("path") != "/"
        ):
            return
        if name.startswith("__Secure-") and "secure" not in said:
            return
        key = (name, domain or host, said.get("path", "/"))
        gone = said.get("max-age", "1").startswith(("0", "-")) or "1970" in said.get("expires", "")
        if gone:
            self.cookies.pop(key, None)
        else:
            self.cookies[key] = (value, not domain)

    def sent(self, host, path):
        return [
            f"{name}={value}"
            for (name, domain, place), (value, host_only) in self.cookies.items()
            if (host == domain or (not host_only and host.endswith(f".{domain}")))
            and path.startswith(place)
        ]

    def held(self):
        return [name for name, _, _ in self.cookies]

    def get(self, name):
        return next(
            (value for (each, _, _), (value, _) in self.cookies.items() if each == name), None
        )

    def set(self, name, value, domain=names.DOMAIN):
        self.cookies[(name, domain, "/")] = (value, False)

    def drop(self, prefix=""):
        self.cookies = {
            key: cookie for key, cookie in self.cookies.items() if not key[0].startswith(prefix)
        }


class Visitor:
    """A person with a browser, without the browser. `steps` has every answer since the start."""

    def __init__(self, jar=None, tls=None):
        self.jar = jar or Jar()
        self.steps = []
        # For addresses of https.
        self.tls = tls

    def request(self, method, url, headers=names.BROWSER_HEADERS, body=None, seconds=15):
        parts = urllib.parse.urlsplit(url)
        tls = self.tls if parts.scheme == "https" else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        all_headers = [("Host", parts.netloc), *headers]
        if cookies := self.jar.sent(parts.hostname, parts.path or "/"):
            all_headers.append(("Cookie", "; ".join(cookies)))
        answer = send(
            parts.port or 80, target, parts.hostname, method, all_headers, body, seconds, tls
        )
        answer.url = url
        for line in answer.all("set-cookie"):
            self.jar.take(parts.hostname, line)
        self.steps.append(answer)
        return answer

    def get(self, url, headers=names.BROWSER_HEADERS):
        return self.request("GET", url, headers)

    def post(self, url, form, headers=names.BROWSER_HEADERS):
        body = urllib.parse.urlencode(form)
        return self.request(
            "POST", url, [*headers, ("Content-Type", "application/x-www-form-urlencoded")], body
        )

    def follow(self, answer, until=None, limit=15):
        """Follows redirects, up to the first whose target contains `until`, which is not asked."""
        for _ in range(limit):
            location = answer.header("location")
            if answer.status not in JUMPS or location is None:
                return answer
            target = urllib.parse.urljoin(answer.url, location)
            if until and until in target:
                return answer
            answer = self.get(target)
        raise AssertionError(
            "too many redirects: " + " -> ".join(step.url for step in self.steps[-limit:])
        )

    def _choose(self, answer, provider):
        """On Gatehall's page of providers, follows the link to one of them."""
        for link in re.findall(r'href="([^"]*)"', answer.text):
            target = html.unescape(link)
            if names.START in target and provider in target:
                return self.follow(self.get(urllib.parse.urljoin(answer.url, target)))
        return answer

    def sign_in(self, answer, account, until=None):
        """At the provider's page: says who they are, and goes on."""
        if 'name="login"' not in answer.text:
            raise AssertionError(f"this is not the provider's login page: {answer}")
        return self.follow(self.post(answer.url, {"login": account}), until)

    def login(self, url, account, provider=None, until=None):
        """From a page to the provider, and back to the page; gives the last answer.

        With until=names.CALLBACK it stops before the callback, which a test then asks as it likes.
        """
        answer = self.follow(self.get(url), until)
        if provider and 'name="login"' not in answer.text and answer.status not in JUMPS:
            answer = self._choose(answer, provider)
        if answer.status == 200 and 'name="login"' in answer.text:
            answer = self.sign_in(answer, account, until)
        return answer
