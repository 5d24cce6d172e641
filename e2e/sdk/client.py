"""A client made with the official Python SDK, which tests run against an MCP endpoint.

    python client.py ERA URL KEY CALLS [silent|visiting]

ERA is legacy, modern or auto; CALLS is a JSON array of {"name", "arguments"}.
With "silent" it asks for no progress and no logs, and with "visiting" it visits every page that it
is asked to.
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
from mcp.types import ElicitResult

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


async def call_tool(client, call, silent):
    progress = []

    async def on_progress(done, total, message):
        step = {"progress": done, "total": total, "message": message}
        progress.append({name: value for name, value in step.items() if value is not None})

    try:
        callback = None if silent else on_progress
        result = await client.call_tool(**call, progress_callback=callback)
        return {"result": as_json(result), "progress": progress}
    except MCPError as error:
        return {"error": as_json(error.error), "progress": progress}
    except Exception as error:
        return {"error": {"message": str(error)}, "progress": progress}


async def visit(context, params):
    return ElicitResult(action="accept" if params.mode == "url" else "decline")


async def run(era, url, key, calls, how):
    silent, visiting = how == "silent", how == "visiting"
    logs = []

    async def on_log(params):
        logs.append(as_json(params))

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(
            transport,
            mode=MODES[era],
            logging_callback=on_log,
            log_level=None if silent else "debug",
            elicitation_callback=visit if visiting else None,
        ) as client:
            version = client.protocol_version
            # In the modern era log_level makes every request opt in to logs.
            if version != MODES["modern"] and not silent and client.server_capabilities.logging:
                await client.set_logging_level("debug")
            tools = await list_tools(client)
            results = [await call_tool(client, call, silent) for call in calls]
    print(json.dumps({"era": version, "tools": tools, "results": results, "logs": logs}))


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    asyncio.run(run(*sys.argv[1:4], json.loads(sys.argv[4]), "".join(sys.argv[5:])))
