#!/usr/bin/env python3
"""A tool server with the tools that it is told to have, over standard input and output, or over HTTP
where a port is given. It is one file that needs no other: it is started by the gate, which passes no
variables on, and in a container, where nothing else of the tests is.

    tool_server.py [--tenant NAME] [--port PORT] [TOOL…]
"""

import argparse
import http.server
import json
import os
import pathlib
import sys
import threading
import time

LONG_NAME = "a_tool_whose_name_is_as_long_as_many_are_that_programs_make_up"


def parameters(**types):
    if not types:
        return {"type": "object"}
    properties = {name: {"type": kind} for name, kind in types.items()}
    return {"type": "object", "properties": properties, "required": list(types)}


TOOLS = {
    "now": ("Says the time", parameters()),
    "large": ("Says much", parameters(bytes="integer")),
    LONG_NAME: ("Says the time", parameters()),
    "report": ("Says much, late", parameters(bytes="integer", seconds="number")),
    "hold": ("Waits for a file with this name", parameters(path="string")),
    "headers": ("Says the headers", parameters()),
}


def hold(path):
    path = pathlib.Path(path)
    # Whoever waits for it learns which gate carries the call.
    path.with_suffix(".begun").write_text(str(os.getppid()))
    while not path.exists():
        time.sleep(0.05)


class Server:
    """`headers` are those of the request that calls a tool."""

    def __init__(self, tenant, names):
        self.names = [*names] or ["now"]
        self.place = f" at {tenant}" if tenant else ""

    def call(self, name, given, headers):
        if name == "headers":
            return f"called with {', '.join(sorted(it.lower() for it in headers))}"
        if name == "hold":
            hold(given["path"])
            return f"held{self.place}"
        time.sleep(given.get("seconds", 0))
        return "x" * given["bytes"] if "bytes" in given else f"noon{self.place}"

    def result(self, method, given, headers):
        if method == "initialize":
            return {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "clock", "version": "1"},
            }
        if method == "tools/list":
            described = [(name, *TOOLS[name]) for name in self.names]
            parts = ("name", "description", "inputSchema")
            return {"tools": [dict(zip(parts, each)) for each in described]}
        if method == "tools/call":
            text = self.call(given["name"], given.get("arguments") or {}, headers)
            return {"content": [{"type": "text", "text": text}]}
        return {}

    def answer(self, message, headers=()):
        """The answer as text; None where none is waited for."""
        if "id" not in message or "method" not in message:
            return None
        result = self.result(message["method"], message.get("params") or {}, headers)
        return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})


def over_standard_input(server):
    lock = threading.Lock()

    def serve(message):
        if text := server.answer(message):
            with lock:
                print(text, flush=True)

    for line in sys.stdin:
        # One that takes its time stops nobody else.
        threading.Thread(target=serve, args=[json.loads(line)], daemon=True).start()


def over_http(server, port):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = server.answer(message, self.headers)
            self.send(202 if text is None else 200, (text or "").encode())

        def do_GET(self):
            self.send(405, b"")

        do_DELETE = do_GET

        def send(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenant")
    parser.add_argument("--port", type=int)
    parser.add_argument("tools", nargs="*", choices=[*TOOLS, []], metavar="TOOL")
    options = parser.parse_args()
    made = Server(options.tenant, options.tools)
    if options.port:
        over_http(made, options.port)
    else:
        over_standard_input(made)
