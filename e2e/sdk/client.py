"""A client made with the official Python SDK, which tests run against an MCP endpoint.

    python client.py ERA URL KEY CALLS

ERA is legacy, modern or auto; CALLS is a JSON array of {"name", "arguments"}.
Lists the tools, makes the calls in order and prints one line of JSON with all that came back.
A failure to connect ends with a traceback and status 1.
"""

import asyncio
import json
import sys
import warnings

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning

MODES = {"legacy": "legacy", "auto": "auto", "modern": "2026-07-28"}


def as_json(model):
    """What was on the wire, without the members that the SDK filled in."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


async def list_tools(client):
    tools, cursor, more = [], None, True
    while more:
        page = await client.list_tools(cursor=cursor)
        tools += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        more = cursor is not None
    return tools


async def call_tool(client, call):
    progress = []

    async def on_progress(done, total, message):
        step = {"progress": done, "total": total, "message": message}
        progress.append({name: value for name, value in step.items() if value is not None})

    try:
        result = await client.call_tool(**call, progress_callback=on_progress)
        return {"result": as_json(result), "progress": progress}
    except MCPError as error:
        return {"error": as_json(error.error), "progress": progress}
    except Exception as error:
        return {"error": {"message": str(error)}, "progress": progress}


async def run(era, url, key, calls):
    logs = []

    async def on_log(params):
        logs.append(as_json(params))

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(
            transport, mode=MODES[era], logging_callback=on_log, log_level="debug"
        ) as client:
            version = client.protocol_version
            # In the modern era log_level makes every request opt in to logs.
            if version != MODES["modern"] and client.server_capabilities.logging:
                await client.set_logging_level("debug")
            tools = await list_tools(client)
            results = [await call_tool(client, call) for call in calls]
    print(json.dumps({"era": version, "tools": tools, "results": results, "logs": logs}))


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    asyncio.run(run(*sys.argv[1:4], json.loads(sys.argv[4])))
