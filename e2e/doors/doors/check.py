"""A check that answers what the test tells it, for the faults that Gatehall never shows: no
headers, another status, no answer. It also remembers what the proxy asked."""

import http.server
import threading
import time


class Check:
    def __init__(self, port):
        self.asked = []
        self.say(200)
        check = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                check.asked.append(
                    {
                        "method": self.command,
                        "target": self.path,
                        "headers": list(self.headers.items()),
                        "body": body,
                    }
                )
                if check.pause:
                    time.sleep(check.pause)
                status, headers = check.elsewhere.get(
                    self.path.partition("?")[0], (check.status, check.headers)
                )
                self.send_response_only(status)
                content = b"" if status == 204 else check.body
                for name, value in headers:
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else content)

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return self.answer
                raise AttributeError(name)

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.request_queue_size = 128
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, status, headers=(), body=b"", pause=0, elsewhere=None):
        """What is answered from now on; `elsewhere` has (status, headers) for single paths."""
        self.status, self.headers, self.body, self.pause = status, list(headers), body, pause
        self.elsewhere = elsewhere or {}
        self.asked.clear()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
