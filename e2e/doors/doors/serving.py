"""Little servers inside of a test, for what no real program shows."""

import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Says nothing of what it is asked."""

    def send(self, status, body=b"", kind="application/json", headers=()):
        """A whole answer."""
        self.send_response(status)
        for name, value in (("Content-Type", kind), *headers, ("Content-Length", len(body))):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle(self):
        # Whoever asked may be dead by now.
        try:
            super().handle()
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Listening(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Serving:
    """Serves with this handler until it is closed, at a free port unless one is given."""

    def __init__(self, handler, port=0):
        self._server = Listening(("127.0.0.1", port), handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
