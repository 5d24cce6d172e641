"""Attacks by changing the protocol of a connection that was let through: whatever comes next on it
would be seen by no check."""

import os
import socket

from . import http2, names, readers
from .attacks import cookie
from .client import read_answer
from .runner import table
from .upgrades import UPGRADES, WEBSOCKET

APP = f"app.{names.DOMAIN}"
FORGED = [("x-user-email", "root@google.example"), ("x-user-admin", "true")]


def begin(port, path, headers, host=APP):
    """Sends a request and keeps the connection; gives both with the answer."""
    connection = socket.create_connection(("127.0.0.1", port), 15)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}"]
    lines += [f"{name}: {value}" for name, value in headers]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    # What follows the head of a 101 is not to be read here.
    return connection, read_answer(connection.makefile("rb", buffering=0), "HEAD")


def test_the_backend_speaks_http2_where_nobody_is_in_front(world):
    """Otherwise the attacks would prove nothing."""
    connection, answer = begin(readers.start(world, "hypercorn"), "/public", UPGRADES["h2c"])
    with connection:
        assert answer.status == 101, answer
        inside = http2.ask(connection, request("/engine"), upgraded=True).json()
        assert (inside["handler"], inside["email"]) == ("engine", "root@google.example"), inside


def request(path):
    first = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", APP)]
    return [*first, *FORGED]


@table([(kind, name) for kind in names.PROXIES for name in UPGRADES])
def test_nothing_follows_an_upgrade_unchecked(world, kind, name):
    proxy = readers.proxy(world, kind, "hypercorn")
    connection, answer = begin(proxy, "/public", UPGRADES[name])
    with connection:
        if answer.status != 101:
            return
        # A proxy may speak it by itself, as long as it checks what comes.
        inside = http2.ask(connection, request("/engine"), upgraded=True, seconds=3)
        assert inside and inside.header("x-backend") is None, inside or "it is the backend's"


def frame(text):
    """A text frame of a client (RFC 6455, 5.2), with a mask of zeros."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode()


@table([(kind, value) for kind in names.PROXIES for value in ("websocket", "WebSocket")])
def test_a_websocket_works_for_those_who_may(world, kind, value):
    proxy = readers.proxy(world, kind, "hypercorn")
    handshake = [("Upgrade", value), ("Connection", "keep-alive, Upgrade"), *WEBSOCKET]
    for name, status in (("alice", 101), ("bob", 403)):
        session = cookie(world.signed_in(name).jar.get(names.SESSION_COOKIE))
        connection, answer = begin(proxy, "/engine/socket", [*handshake, session, *FORGED])
        with connection:
            assert answer.status == status, answer
            if status != 101:
                continue
            connection.sendall(frame("hello " + os.urandom(4).hex()))
            said = connection.recv(4096)
            assert b"hello " in said and b"alice@google.example" in said, said
            assert b"root@google.example" not in said, said
    connection, answer = begin(proxy, "/engine/socket", handshake)
    with connection:
        assert answer.status == 401, answer
