#!/usr/bin/env python3
"""A server over standard input and output that says for which tenant it runs, and takes its time."""

import json
import os
import pathlib
import sys
import threading
import time

TENANT = sys.argv[1]


def parameters(**types):
    properties = {name: {"type": kind} for name, kind in types.items()}
    return {"type": "object", "properties": properties, "required": list(types)}


TOOLS = {
    "now": ("Says the time", parameters()),
    "report": ("Says much, late", parameters(bytes="integer", seconds="number")),
    "hold": ("Waits for a file with this name", parameters(path="string")),
}


def call(name, given):
    if name == "report":
        time.sleep(given["seconds"])
        return "x" * given["bytes"]
    if name == "hold":
        path = pathlib.Path(given["path"])
        # Whoever waits for it learns which gate carries the call.
        path.with_suffix(".begun").write_text(str(os.getppid()))
        while not path.exists():
            time.sleep(0.05)
        return f"held at {TENANT}"
    return f"noon at {TENANT}"


def answer(method, given):
    if method == "initialize":
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "clock", "version": "1"},
        }
    if method == "tools/list":
        return {
            "tools": [
                {"name": name, "description": text, "inputSchema": schema}
                for name, (text, schema) in TOOLS.items()
            ]
        }
    if method == "tools/call":
        text = call(given["name"], given.get("arguments") or {})
        return {"content": [{"type": "text", "text": text}]}
    return {}


def serve(message):
    result = answer(message["method"], message.get("params") or {})
    text = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
    with lock:
        print(text, flush=True)


lock = threading.Lock()
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        # One that takes its time stops nobody else.
        threading.Thread(target=serve, args=[message], daemon=True).start()
