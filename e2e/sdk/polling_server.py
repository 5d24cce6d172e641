"""A server made with the official Python SDK that closes the stream of a call before its answer.

Listens at /mcp on the port that PORT says, in the legacy era only, which alone has this.
"""

import os

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventMessage, EventStore
from starlette.responses import PlainTextResponse


class Memory(EventStore):
    """Keeps all events of all streams."""

    def __init__(self):
        self.events = []

    async def store_event(self, stream_id, message):
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id, send):
        number = int(last_event_id)
        stream_id = self.events[number - 1][0]
        for after, (stream, message) in enumerate(self.events[number:], number + 1):
            if stream == stream_id and message is not None:
                await send(EventMessage(message, str(after)))
        return stream_id


server = MCPServer("polling")
ran = 0


@server.tool()
async def close_often(times: int, ctx: Context) -> str:
    """Closes its stream several times"""
    global ran
    ran += 1
    for _ in range(times):
        await ctx.close_sse_stream()
        await anyio.sleep(0.5)
    return f"closed {times} times"


@server.tool()
async def runs() -> str:
    """How often the other one ran"""
    return str(ran)


app = server.streamable_http_app(event_store=Memory(), retry_interval=100)


async def legacy(scope, receive, send):
    headers = dict(scope.get("headers", []))
    if headers.get(b"mcp-protocol-version") == b"2026-07-28":
        await PlainTextResponse("unsupported", status_code=400)(scope, receive, send)
    else:
        await app(scope, receive, send)


uvicorn.run(legacy, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
