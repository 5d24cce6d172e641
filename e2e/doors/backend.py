#!/usr/bin/env python3
"""A backend that echoes each request and remembers it.

    backend.py --port N [--host 127.0.0.1]

Answers any method and path with 200 and JSON: {"method", "target", "headers": [[name, value], ...]
as they came, "body", "raw": the request's head as text}. GET /_recorded gives the requests since
the last DELETE /_recorded, at most 1000. It reads the socket itself, since a library would join
headers of one name and hide those of odd ones. A request with Content-Length or chunks is read to
its end; the connection is kept.
"""

import argparse
import collections
import json
import socketserver
import threading

RECORDED = collections.deque(maxlen=1000)
LOCK = threading.Lock()


def read_head(stream):
    head = b""
    while line := stream.readline(65536):
        head += line
        if line in (b"\r\n", b"\n"):
            return head
    return head or None


def read_chunks(stream):
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    while stream.readline().strip():
        pass
    return body


def parse(head, stream):
    text = head.decode("latin-1")
    lines = text.rstrip("\r\n").split("\n")
    method, target, *_ = lines[0].split(" ")
    headers = [
        [name, value.strip()] for name, _, value in (line.partition(":") for line in lines[1:])
    ]
    named = {name.lower(): value for name, value in headers}
    if "chunked" in named.get("transfer-encoding", "").lower():
        body = read_chunks(stream)
    else:
        body = stream.read(int(named.get("content-length", 0)))
    return {
        "method": method,
        "target": target,
        "headers": headers,
        "body": body.decode("latin-1"),
        "raw": text,
    }


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := read_head(self.rfile):
            request = parse(head, self.rfile)
            if not self.answer(request):
                return

    def answer(self, request):
        with LOCK:
            if request["target"] != "/_recorded":
                RECORDED.append(request)
                value = request
            elif request["method"] == "DELETE":
                RECORDED.clear()
                value = {}
            else:
                value = list(RECORDED)
        body = b"" if request["method"] == "HEAD" else json.dumps(value).encode()
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Backend: yes\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        wanted = {
            value.lower() for name, value in request["headers"] if name.lower() == "connection"
        }
        return "close" not in wanted


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    with Server((arguments.host, arguments.port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
