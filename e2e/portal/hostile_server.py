#!/usr/bin/env python3
"""A tool server over Streamable HTTP whose every text tries to break out of the page around it.

    hostile_server.py --port PORT       /mcp serves tools; /refuses and /fails never do
"""

import argparse
import json

from doors.serving import Handler, Listening
from portal.hostile import LONG_WORD, TEXTS


def schema(text):
    argument = {"type": "string", "title": text, "description": text, "enum": [text]}
    return {
        "type": "object",
        "title": text,
        "description": text,
        "properties": {text: argument},
        "required": [text],
    }


def tool(name, text):
    shown = {"name": name, "title": text, "description": text, "inputSchema": schema(text)}
    return {**shown, "annotations": {"title": text, "readOnlyHint": True}}


# A plain one that can be called by its name, then one named by each text.
TOOLS = [tool("plain", TEXTS["script"]), tool("breaks", TEXTS["image"])]
TOOLS += [tool(text, text) for text in TEXTS.values()]
# What cannot be read is left out of the list and told to administrators.
TOOLS += [{"name": f"{TEXTS['image']}2", "description": 5, "inputSchema": {"type": "object"}}]


def answer(message):
    method = message["method"]
    if method == "initialize":
        return {
            "result": {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {
                    "name": TEXTS["script"],
                    "title": TEXTS["image"],
                    "version": TEXTS["template"],
                },
                "instructions": TEXTS["image"],
            }
        }
    if method == "tools/list":
        return {"result": {"tools": TOOLS}}
    if method == "tools/call" and message["params"]["name"] == "breaks":
        return {"error": {"code": -32000, "message": TEXTS["image"], "data": TEXTS["script"]}}
    if method == "tools/call":
        content = [{"type": "text", "text": text} for text in TEXTS.values()]
        return {"result": {"content": content, "isError": True}}
    if method == "ping":
        return {"result": {}}
    return {"error": {"code": -32601, "message": f"{TEXTS['image']} {method}"}}


class Hostile(Handler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.body())
        if self.path.startswith("/fails"):
            self.send(500, (TEXTS["script"] + LONG_WORD).encode(), "text/html")
        elif self.path == "/refuses":
            self.say(message, {"error": {"code": -32603, "message": TEXTS["image"]}})
        elif "id" not in message:
            self.send(202)
        else:
            self.say(message, answer(message))

    def say(self, message, said):
        text = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), **said})
        self.send(200, text.encode())

    def do_GET(self):
        self.send(405)

    do_DELETE = do_GET


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    port = arguments.parse_args().port
    Listening(("127.0.0.1", port), Hostile).serve_forever()
