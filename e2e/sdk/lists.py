"""Lists the tools of many MCP endpoints with the official Python SDK, one after the other.

    python lists.py ERA KEY URL...

ERA is legacy or modern. Prints one line of JSON: for each URL its tools and the error that listing
raised. A tool that promises structured results is called, to see whether its promise can be read at
all: "unsound" has those of which the SDK says that it cannot.
"""

import asyncio
import json
import sys
import warnings

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning

MODES = {"legacy": "legacy", "modern": "2026-07-28"}
# What is said of a promise that can be read, and is not kept.
BROKEN = ("Invalid structured content", "did not return structured content")


async def look(client, seen):
    cursor, more, promising = None, True, []
    while more:
        page = await client.list_tools(cursor=cursor)
        seen["tools"] += [tool.name for tool in page.tools]
        promising += [tool.name for tool in page.tools if tool.output_schema is not None]
        cursor = page.next_cursor
        more = cursor is not None
    for name in promising:
        try:
            await client.call_tool(name, {})
        except Exception as error:
            if not any(text in str(error) for text in BROKEN):
                seen["unsound"].append(f"{name}: {error!r}"[:500])


async def run(era, key, urls):
    every = []
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        for url in urls:
            seen = {"tools": [], "error": None, "unsound": []}
            try:
                transport = streamable_http_client(url, http_client=http)
                async with Client(transport, mode=MODES[era]) as client:
                    await look(client, seen)
            except Exception as error:
                seen["error"] = f"{error!r}"[:2000]
            every.append(seen)
    print(json.dumps(every))


if __name__ == "__main__":
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3:]))
