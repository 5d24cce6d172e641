"""An application that hypercorn serves over HTTP/1.1, h2c (both ways into it) and WebSocket."""

import json


def engine(path):
    path = path.lower()
    return path == "/engine" or path.startswith("/engine/")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    said = {
        "handler": "engine" if engine(scope["path"]) else "other",
        "path": scope["path"],
        "host": headers.get("host") or headers.get(":authority"),
        "admin": headers.get("x-user-admin"),
        "email": headers.get("x-user-email"),
        "version": scope["http_version"],
    }
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            said["echo"] = message.get("text")
            await send({"type": "websocket.send", "text": json.dumps(said)})
        return
    while (await receive()).get("more_body"):
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"x-backend", b"yes")]}
    )
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})
