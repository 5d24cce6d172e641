"""People who come from another machine, over TLS, and know which address has which name."""

import socket
import ssl
import urllib.parse

from doors.client import Visitor, read_answer
from doors.names import BROWSER_HEADERS


class Stranger(Visitor):
    def __init__(self, addresses, authority):
        super().__init__()
        self.addresses = addresses
        self.context = ssl.create_default_context(cafile=authority)

    def request(self, method, url, headers=BROWSER_HEADERS, body=None, seconds=30):
        parts = urllib.parse.urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1"]
        if not any(name.lower() == "host" for name, _ in headers):
            lines.append(f"Host: {parts.netloc}")
        lines += [f"{name}: {value}" for name, value in headers]
        if cookies := self.jar.sent(parts.hostname, parts.path or "/"):
            lines.append("Cookie: " + "; ".join(cookies))
        content = body.encode() if isinstance(body, str) else body or b""
        if content or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(content)}")
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        answer = self.send_bytes(parts, head + content, method, url, seconds)
        for line in answer.all("set-cookie"):
            self.jar.take(parts.hostname, line)
        self.steps.append(answer)
        return answer

    def send_bytes(self, parts, request, method, url, seconds):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection(
            (self.addresses[parts.hostname], port), seconds
        ) as connection:
            if parts.scheme == "https":
                name = parts.hostname
                connection = self.context.wrap_socket(connection, server_hostname=name)
            connection.sendall(request)
            with connection.makefile("rb") as stream:
                return read_answer(stream, method, url)
