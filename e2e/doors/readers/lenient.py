"""lenient.py PORT: reads paths as leniently as several programs do in a row, as where a proxy that
decodes, a server on Windows and a framework follow each other."""

import http.server
import json
import re
import sys
import unicodedata
import urllib.parse


def read(path):
    while (plain := urllib.parse.unquote_plus(path)) != path:
        path = plain
    path = unicodedata.normalize("NFKD", path).upper().casefold()
    path = "".join(it for it in unicodedata.normalize("NFKD", path) if it.isascii())
    path = re.split(r"[?#\0]", path.replace("\\", "/"))[0]
    segments = []
    for segment in path.split("/"):
        segment = re.split(r"[;:]", segment)[0].strip()
        if segment == "..":
            segments = segments[:-1]
            continue
        segment = segment.rstrip(". ")
        segment = re.sub(r"(?<=.)\.(json|html)$", "", segment)
        if segment and not segment.startswith("(s("):
            segments.append(segment)
    for at, segment in enumerate(segments[:-1]):
        if segment.endswith(".php"):
            segments = segments[at + 1 :]
            break
    return "/" + "/".join(segments)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        path = read(self.path.split("?")[0])
        engine = path == "/engine" or path.startswith("/engine/")
        said = {
            "handler": "engine" if engine else "other",
            "path": path,
            "host": self.headers.get("host"),
            "admin": self.headers.get("x-user-admin"),
        }
        body = json.dumps(said).encode()
        self.send_response_only(200)
        self.send_header("X-Backend", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_OPTIONS = answer

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
