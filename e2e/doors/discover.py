"""How far the official Python client gets without registration: to the page where a user would sign in.

    python discover.py URL

Prints one line of JSON: where it would send the user.
"""

import asyncio
import json
import sys

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

REDIRECT = "http://127.0.0.1:9/callback"


class Storage:
    async def get_tokens(self):
        return None

    async def set_tokens(self, tokens):
        pass

    async def get_client_info(self):
        return OAuthClientInformationFull(client_id="open-webui", redirect_uris=[REDIRECT])

    async def set_client_info(self, info):
        pass


class Sent(Exception):
    pass


async def main(url):
    async def redirect(address):
        print(json.dumps({"sent": str(address)}))
        raise Sent

    async def callback():
        raise Sent

    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT], client_name="test")
    provider = OAuthClientProvider(url, metadata, Storage(), redirect, callback)
    async with httpx2.AsyncClient(auth=provider, timeout=20) as client:
        try:
            await client.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        except Sent:
            return
    raise SystemExit("it sent nobody anywhere")


asyncio.run(main(sys.argv[1]))
