"""A check that answers what the test tells it, for the faults that Gatehall never shows: no
headers, another status, no answer. It also remembers what the proxy asked."""

import time

from .serving import Handler, Serving


class Check(Serving):
    def __init__(self, port):
        self.asked = []
        self.say(200)
        super().__init__(_handler(self), port)

    def say(self, status, headers=(), body=b"", pause=0, elsewhere=None):
        """What is answered from now on; `elsewhere` has (status, headers) for single paths."""
        self.status, self.headers, self.body, self.pause = status, list(headers), body, pause
        self.elsewhere = elsewhere or {}
        self.asked.clear()


def _handler(check):
    class Asked(Handler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            check.asked.append(
                {
                    "method": self.command,
                    "target": self.path,
                    "headers": list(self.headers.items()),
                    "body": self.body(),
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

    return Asked
