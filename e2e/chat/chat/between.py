"""What stands between a command and Open WebUI, and sees each request before and after."""

import http.client
import http.server
import threading
import urllib.parse


class Between:
    """Passes requests on. `before` and `after` are called with the method and the path of each."""

    def __init__(self, origin, before=None, after=None):
        self.seen = []
        # What could not be passed on.
        self.failed = []
        target = urllib.parse.urlsplit(origin)
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                between.seen.append((self.command, self.path))
                if before:
                    before(self.command, self.path)
                answer, content = self.ask(body)
                if after:
                    after(self.command, self.path)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def ask(self, body):
                there = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                try:
                    there.request(self.command, self.path, body, headers)
                    answer = there.getresponse()
                    return answer, answer.read()
                except OSError as error:
                    between.failed.append((self.command, self.path, error))
                    raise
                finally:
                    there.close()

            do_GET = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

            def handle(self):
                # Whoever asked may be dead by now.
                try:
                    super().handle()
                except OSError:
                    pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
