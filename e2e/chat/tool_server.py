#!/usr/bin/env python3
"""A server over standard input and output whose tools say for which tenant they run."""

import json
import sys

TENANT = sys.argv[1]
SIZE = {"type": "object", "properties": {"bytes": {"type": "integer"}}, "required": ["bytes"]}
TOOLS = [
    {"name": "now", "description": "Says the time", "inputSchema": {"type": "object"}},
    {"name": "large", "description": "Says much", "inputSchema": SIZE},
    {
        "name": "a_tool_whose_name_is_as_long_as_many_are_that_programs_make_up",
        "description": "Says the time",
        "inputSchema": {"type": "object"},
    },
]


def answer(method, parameters):
    if method == "initialize":
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "clock", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        size = (parameters.get("arguments") or {}).get("bytes")
        text = f"noon at {TENANT}" if size is None else "x" * size
        return {"content": [{"type": "text", "text": text}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message["method"], message.get("params") or {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
