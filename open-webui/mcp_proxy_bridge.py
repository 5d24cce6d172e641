"""
title: Gatehall
author: Gatehall
version: 1.0.0
required_open_webui_version: 0.6.0
description: Finds and calls the tools that you may use, for an Open WebUI that signs no headers.
"""

# Open WebUI gives the account that asks to this tool, and the tool signs it as newer versions of
# Open WebUI do by themselves, so that Gatehall takes it by the same door. What is proved is that
# somebody who has the secret says so: whoever may write tools or functions in this Open WebUI, and
# whoever reads its environment, has it.
#
# Every method of Tools is offered to models, whatever it is called. What they share is outside.

import json
import os
import re
import time
import urllib.parse
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from open_webui.env import VERSION
from pydantic import BaseModel, Field, field_validator

# Where the secrets are, unless valves hold them; with _FILE behind it, the file that holds one.
KEY_VARIABLE = "MCP_PROXY_BRIDGE_KEY"
SECRET_VARIABLE = "FORWARD_USER_INFO_HEADER_JWT_SECRET"

HEADER = "X-OpenWebUI-User-Jwt"
# Each request has a proof of its own.
PROOF_SECONDS = 60
# More is read of no answer.
MOST_BYTES = 16 * 1024 * 1024
# The most that Gatehall lists at once.
MOST_LISTED = 100

# Before it, Open WebUI answers everybody who is signed in with the valves of every tool.
VALVES_ARE_CLOSED_SINCE = (0, 8, 11)
WHERE_SECRETS_ARE = (
    f"The key and the secret are in the environment: {KEY_VARIABLE} and {SECRET_VARIABLE}."
)

TELL = "tell an administrator: its address is gateway_url in the valves of this tool."
# With these nothing came as far as Gatehall; with all others it may have.
NOT_REACHED = (aiohttp.ClientConnectorError, aiohttp.InvalidURL, aiohttp.ConnectionTimeoutError)
# What reading JSON that is something else, nested without end or beyond all numbers raises.
ODD = (ValueError, KeyError, TypeError, RecursionError, OverflowError)
MAYBE_DONE = "What was asked for may be done all the same: look before you ask again."


def valves_are_closed(version: str = VERSION) -> bool:
    """Whether valves are for administrators alone."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return bool(found) and tuple(map(int, found.groups())) >= VALVES_ARE_CLOSED_SINCE


class Failed(Exception):
    """Why there is no result, in words for the user."""


class Settings(BaseModel):
    """The valves: where Gatehall is, and how much is waited for and passed on."""

    gateway_url: str = Field(
        default="http://gatehall:8080",
        description="Where Open WebUI reaches Gatehall; for the tools of one tenant alone, with "
        f"/t/ and its id at the end. {WHERE_SECRETS_ARE}",
    )
    timeout_seconds: int = Field(default=300, ge=1, le=3600, description="How long a call may take")
    most_characters: int = Field(
        default=100_000, ge=1_000, description="How much of a result the model gets"
    )

    @field_validator("gateway_url")
    @classmethod
    def is_an_address(cls, value: str) -> str:
        address = urllib.parse.urlsplit(value.strip())
        plain = not (address.username or address.password or address.query or address.fragment)
        if re.search(r"/mcp(/|$)|/openapi\.json$", address.path.rstrip("/")):
            raise ValueError("must be the address of Gatehall itself, without /mcp")
        if address.scheme not in ("http", "https") or not address.hostname or not plain:
            raise ValueError("must be an address such as http://gatehall:8080")
        return value.strip().rstrip("/")


class SettingsWithSecrets(Settings):
    """With what may stand there if only administrators read it."""

    gateway_key: str = Field(
        default="",
        description=f"A service key of Gatehall; if empty, that of {KEY_VARIABLE}",
        json_schema_extra={"input": {"type": "password"}},
    )
    signing_secret: str = Field(
        default="",
        description="What Gatehall has as GATEHALL_OPEN_WEBUI_SECRET; if empty, that of "
        f"{SECRET_VARIABLE}",
        json_schema_extra={"input": {"type": "password"}},
    )


class Tools:
    # There is no valve for a secret where everybody would read it.
    Valves = SettingsWithSecrets if valves_are_closed() else Settings

    def __init__(self) -> None:
        self.valves = self.Valves()

    async def gatehall_list_my_tools(
        self, __user__: dict | None = None, __event_emitter__: Any = None
    ) -> str:
        """
        List the MCP tools that the user may use. Call this if they ask which tools they have.
        """
        body = {"query": "", "limit": MOST_LISTED}
        return await _told(self.valves, __user__, __event_emitter__, "gatehall_search_tools", body)

    async def gatehall_search_tools(
        self, query: str, __user__: dict | None = None, __event_emitter__: Any = None
    ) -> str:
        """
        Find MCP tools that the user may use.

        :param query: Words that describe what the tool should do
        """
        body = {"query": query}
        return await _told(self.valves, __user__, __event_emitter__, "gatehall_search_tools", body)

    async def gatehall_describe_tools(
        self, names: list[str], __user__: dict | None = None, __event_emitter__: Any = None
    ) -> str:
        """
        Read what tools take, before calling them.

        :param names: Names from gatehall_search_tools or gatehall_list_my_tools
        """
        body = {"names": [names] if isinstance(names, str) else names}
        return await _told(
            self.valves, __user__, __event_emitter__, "gatehall_describe_tools", body
        )

    async def gatehall_call_tool(
        self,
        name: str,
        arguments: dict,
        __user__: dict | None = None,
        __event_emitter__: Any = None,
    ) -> str:
        """
        Call a tool that was found with gatehall_search_tools or gatehall_list_my_tools.

        :param name: The name of the tool
        :param arguments: As the inputSchema of the tool from gatehall_describe_tools says
        """
        body = {"name": name, "arguments": arguments}
        return await _told(self.valves, __user__, __event_emitter__, "gatehall_call_tool", body)


async def _told(valves: Settings, user: dict | None, emit: Any, operation: str, body: dict) -> str:
    """What an operation of Gatehall gives to the model, with a line above the answer meanwhile."""

    async def line(text: str, done: bool) -> None:
        if emit is not None:
            await emit({"type": "status", "data": {"description": text, "done": done}})

    is_call = operation == "gatehall_call_tool"
    what = str(body["name"]) if is_call else "your tools"
    await line(f"Calling {what}" if is_call else "Asking Gatehall for your tools", False)
    try:
        if is_call:
            body = {**body, "arguments": _arguments(body["arguments"])}
        text = await _ask(valves, user, operation, body)
        if operation == "gatehall_search_tools":
            text = _listed(text)
    except Failed as failed:
        await line(
            f"No answer from {what}" if is_call else "Gatehall did not list your tools", True
        )
        # Open WebUI shows what begins so as failed.
        return f"Error: {failed}"
    await line(f"Called {what}" if is_call else "Asked Gatehall for your tools", True)
    left = len(text) - valves.most_characters
    if left > 0:
        text = f"{text[: valves.most_characters]}\n\n[{left} more characters are left out.]"
    return text


def _arguments(arguments: Any) -> dict:
    """The arguments of a call; some models write them as text."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except ODD:
            arguments = None
    if not isinstance(arguments, dict):
        raise Failed("arguments must be an object")
    return arguments


def _not_gatehall(status: int) -> Failed:
    return Failed(f"Something other than Gatehall answered, with status {status}. Please {TELL}")


def _listed(text: str) -> str:
    """The tools of a search, a line for each."""
    try:
        answer = json.loads(text)
        tools = [(str(each["name"]), str(each["description"])) for each in answer["tools"]]
        left = int(answer.get("found", 0)) - len(tools)
        hint = answer.get("hint")
    except (*ODD, AttributeError):
        raise _not_gatehall(200) from None
    if not tools:
        return str(hint or "There is no such tool that you may use.")
    lines = [f"- {name}: {' '.join(description.split())}" for name, description in tools]
    if left > 0:
        lines.append(f"and {left} more: use gatehall_search_tools with other words.")
    return "\n".join(lines)


async def _ask(valves: Settings, user: dict | None, operation: str, body: dict) -> str:
    """What Gatehall answers to this user."""
    key = _of_valves(valves, "gateway_key") or _secret(KEY_VARIABLE)
    secret = _of_valves(valves, "signing_secret") or _secret(SECRET_VARIABLE)
    proof = _proof(user, secret)
    headers = {"Authorization": f"Bearer {key}", HEADER: proof}
    timeout = aiohttp.ClientTimeout(total=valves.timeout_seconds, sock_connect=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                f"{valves.gateway_url}/tools/{operation}",
                json=body,
                headers=headers,
                # The proof is for Gatehall alone.
                allow_redirects=False,
            ) as answer,
        ):
            return _read(answer, await _content(answer))
    except NOT_REACHED as error:
        kind = type(error).__name__
        raise Failed(f"Gatehall cannot be reached ({kind}). Try later, or {TELL}") from None
    except TimeoutError:
        raise Failed(
            f"There was no answer within {valves.timeout_seconds} seconds. {MAYBE_DONE}"
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        kind = type(error).__name__
        raise Failed(
            f"The connection broke before the answer was there ({kind}). {MAYBE_DONE}"
        ) from None


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    """The whole of an answer, if it is not too large."""
    content = bytearray()
    async for part in answer.content.iter_chunked(65536):
        content += part
        if len(content) > MOST_BYTES:
            raise Failed("The tool answered more than can be passed on. Ask it for less.")
    return bytes(content)


def _read(answer: aiohttp.ClientResponse, content: bytes) -> str:
    """The text of an answer, or why there is none."""
    kind = answer.content_type
    if answer.status == 200 and kind in ("application/json", "text/plain"):
        return content.decode(errors="replace")
    if answer.status == 200:
        raise Failed(
            f"The tool answered {kind}, {len(content)} bytes, which cannot be shown in this chat."
        )
    try:
        problem = json.loads(content)
        detail = str(problem["detail"])
    except ODD:
        raise _not_gatehall(answer.status) from None
    if detail.startswith("Unknown tool"):
        detail += " gatehall_list_my_tools has yours."
    elif answer.status == 401:
        detail = f"Gatehall does not know who asks: {detail}. Tell an administrator."
    raise Failed(detail)


def _of_valves(valves: Settings, name: str) -> str:
    """A secret of the valves, if one stands there."""
    secret = getattr(valves, name, "")
    return _word(secret, name) if secret.strip() else ""


def _secret(variable: str) -> str:
    """A secret of the environment."""
    secret, path = os.environ.get(variable, ""), os.environ.get(f"{variable}_FILE", "")
    if not secret.strip() and path:
        try:
            secret = Path(path).read_text()
        except (OSError, ValueError):
            raise Failed(
                f"This tool is not set up: the file of {variable}_FILE cannot be read as text. "
                "Tell an administrator."
            ) from None
    return _word(secret, variable)


def _word(secret: str, name: str) -> str:
    """A secret, if it is one line, as a header has to be."""
    secret = secret.strip()
    if not secret:
        raise Failed(f"This tool is not set up: {name} is missing. Tell an administrator.")
    if re.search(r"[\x00-\x1f\x7f]", secret):
        raise Failed(f"This tool is not set up: {name} has several lines. Tell an administrator.")
    return secret


def _proof(user: dict | None, secret: str) -> str:
    """That this Open WebUI says who asks, as newer versions sign it."""
    now = int(time.time())
    user = user or {}
    account = {"sub": user.get("id"), "email": user.get("email")}
    if not all(isinstance(each, str) and each for each in account.values()):
        raise Failed("Open WebUI did not say who asks.")
    claims = {
        **account,
        "name": user.get("name") or "",
        "role": user.get("role") or "",
        "iss": "open-webui",
        "iat": now,
        "exp": now + PROOF_SECONDS,
    }
    return jwt.encode(claims, secret, algorithm="HS256")
