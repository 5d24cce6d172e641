#!/usr/bin/env python3
"""A model that does what it is told, spoken to as Open WebUI speaks to OpenAI's.

`call NAME {"a": 1}` calls the tool NAME if it was offered, and repeats what that gave; with `5 times`
behind it, so often, one after the other. Several may be told in one message. `invent NAME {}` calls
what was not offered, too. Anything else is answered with what the model was given: the names of its
tools, its instructions, and the message. Texts with the same words have the same embedding.
"""

import argparse
import json
import math
import re
import ssl
import uuid
import zlib

from doors.serving import Handler, Listening

CALL = re.compile(r"\b(call|invent) (\S+) (?=\{)")
TIMES = re.compile(r" (\d+) times")
WORDS = 64  # numbers in an embedding


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def told(said, offered):
    """The calls that a message tells to make, as (name, arguments), each as often as it says."""
    calls = []
    for found in CALL.finditer(said):
        _, end = json.JSONDecoder().raw_decode(said, found.end())
        times = TIMES.match(said, end)
        if found[1] == "invent" or found[2] in offered:
            calls += [(found[2], said[found.end() : end])] * int(times[1] if times else 1)
    return calls


def embedding(text):
    numbers = [0.0] * WORDS
    for word in re.findall(r"\w+", text.lower()):
        numbers[zlib.crc32(word.encode()) % WORDS] += 1.0
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]


def answer(request):
    """(text, tool call) of the model; one of them is None."""
    messages = request["messages"]
    users = [index for index, each in enumerate(messages) if each["role"] == "user"]
    said = text_of(messages[users[-1]]["content"]) if users else ""
    turn = messages[users[-1] :] if users else []
    results = [text_of(each["content"]) for each in turn if each["role"] == "tool"]
    offered = [tool["function"]["name"] for tool in request.get("tools") or []]
    calls = told(said, offered)
    if len(results) < len(calls):
        return None, calls[len(results)]
    if results:
        return f"The tool said: {results[-1]}", None
    system = "\n".join(text_of(each["content"]) for each in messages if each["role"] == "system")
    return json.dumps({"tools": sorted(offered), "instructions": system, "said": said}), None


def deltas(request):
    text, call = answer(request)
    yield {"role": "assistant", "content": text or ""}, None
    if call is not None:
        name, arguments = call
        function = {"name": name, "arguments": arguments}
        called = {"index": 0, "id": f"call-{uuid.uuid4()}", "type": "function"}
        yield {"tool_calls": [{**called, "function": function}]}, None
    yield {}, "tool_calls" if call is not None else "stop"


def completion(choice, kind="chat.completion"):
    return {"id": "answer", "object": kind, "created": 0, "model": "told", "choices": [choice]}


class Model(Handler):
    protocol_version = "HTTP/1.1"

    def say(self, document):
        self.send(200, json.dumps(document).encode())

    def do_GET(self):
        # They are one; of the second nobody is told.
        models = [{"id": name, "object": "model"} for name in ("told", "untold")]
        self.say({"object": "list", "data": models})

    def do_POST(self):
        request = json.loads(self.body())
        if self.path.endswith("/embeddings"):
            texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
            data = [{"index": at, "embedding": embedding(it)} for at, it in enumerate(texts)]
            self.say({"object": "list", "data": data})
            return
        if not request.get("stream"):
            text, _ = answer(request)
            message = {"role": "assistant", "content": text or ""}
            self.say(completion({"index": 0, "message": message, "finish_reason": "stop"}))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for delta, reason in deltas(request):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            event = json.dumps(completion(choice, "chat.completion.chunk"))
            self.wfile.write(f"data: {event}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--certificate", help="a file; without it there is no TLS")
    parser.add_argument("--key")
    options = parser.parse_args()
    server = Listening((options.address, options.port), Model)
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
