"""What an Open WebUI says for its users."""

import json
import time

import jwt
from doors.client import send

MODERN = "2026-07-28"


class Chat:
    def __init__(self, key, secret):
        self.key, self.secret = key, secret

    def headers(self, email):
        """Its key, and its word about who is asking."""
        now = int(time.time())
        claims = {
            "sub": f"id-of-{email}",
            "email": email,
            "name": email,
            "role": "user",
            "iss": "open-webui",
            "iat": now,
            "exp": now + 300,
        }
        return {
            "Authorization": f"Bearer {self.key}",
            "X-OpenWebUI-User-Jwt": jwt.encode(claims, self.secret, "HS256"),
        }

    def tools(self, port, email):
        """The names of what somebody may use."""
        headers, body = modern("tools/list")
        headers = {**headers, **self.headers(email)}
        answer = send(port, "/mcp", method="POST", headers=headers.items(), body=body)
        return sorted(tool["name"] for tool in answer.json()["result"]["tools"])


def modern(method, **params):
    """A request of the newest revision, which needs no connection before it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": method,
    }
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    return headers, json.dumps(message)
