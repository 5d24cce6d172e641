"""How Valkey is started, with a real one. Only places and the port are others than in its container."""

import os
import pathlib
import socket
import subprocess
import tempfile

from doors.processes import free_port
from doors.runner import table
from doors.world import TOOLS

from . import composed


def script(folder, password, listen):
    secret = folder / "valkey_password"
    secret.write_text(password)
    text = (composed.FOLDER / "valkey/start.sh").read_text()
    text = text.replace("/run/secrets/valkey_password", str(secret))
    file = folder / "start.sh"
    file.write_text(text.replace("dir /data", f"dir {folder}\n{listen}"))
    path = f"{TOOLS / 'deploy/valkey'}:{os.environ['PATH']}"
    return ["sh", file], {"PATH": path}


def ask(port, *words):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        parts = "".join(f"${len(it.encode())}\r\n{it}\r\n" for it in words)
        connection.sendall(f"*{len(words)}\r\n{parts}".encode())
        return connection.makefile().readline()


@table(
    [
        ("plain", "0123456789abcdef"),
        ("blanks", "with blanks in it"),
        ("a double quote first", '"0123456789abcdef'),
        ("single quotes", "'0123456789'abcdef'"),
        ("backslashes", '0123456789\\x41\\\\"abcdef'),
        ("what a shell or a comment has", "# $HOME `id` $(id) ${PATH}"),
        ("a line end", "0123456789abcdef\n"),
    ]
)
def test_any_password_is_taken_as_it_is(world, what, password):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        listen = f"bind 127.0.0.1\nport {port}"
        command, env = script(pathlib.Path(folder), password, listen)
        name = f"valkey-{port}"
        world.processes.start(name, command, env, port)
        try:
            assert ask(port, "PING").startswith("-NOAUTH"), "nobody has to know it"
            assert ask(port, "AUTH", "another").startswith("-WRONGPASS")
            assert ask(port, "AUTH", password.rstrip("\n")) == "+OK\n"
        finally:
            world.processes.stop(name)


@table([("an empty file", ""), ("an empty line", "\n")])
def test_it_does_not_start_without_a_password(world, what, password):
    with tempfile.TemporaryDirectory() as folder:
        command, env = script(pathlib.Path(folder), password, "port 0")
        env = {**os.environ, **env}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=20)
        assert done.returncode != 0 and "valkey_password is empty" in done.stderr, done
