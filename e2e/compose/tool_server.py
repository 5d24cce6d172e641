#!/usr/bin/env python3
"""A tool server over HTTP, with one tool: it says what the request that calls it had with it."""

import http.server
import json

TOOL = {"name": "headers", "description": "Says the headers", "inputSchema": {"type": "object"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in message:
            self.send(202, b"")
            return
        said = {"jsonrpc": "2.0", "id": message["id"], "result": self.result(message["method"])}
        self.send(200, json.dumps(said).encode())

    def result(self, method):
        if method == "initialize":
            return {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "clock", "version": "1"},
            }
        if method == "tools/list":
            return {"tools": [TOOL]}
        if method == "tools/call":
            names = ", ".join(sorted(name.lower() for name in self.headers))
            return {"content": [{"type": "text", "text": f"called with {names}"}]}
        return {}

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


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()
