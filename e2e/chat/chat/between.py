"""What stands between a command and Open WebUI, and sees each request before and after."""

import http.client
import urllib.parse

from doors.serving import Handler, Serving


class Between(Serving):
    """Passes requests on. `before` and `after` are called with the method and the path of each."""

    def __init__(self, origin, before=None, after=None):
        nothing = lambda *_: None
        super().__init__(
            _handler(urllib.parse.urlsplit(origin), before or nothing, after or nothing)
        )


def _handler(target, before, after):
    class PassOn(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.body()
            before(self.command, self.path)
            answer, content = self.ask(body)
            after(self.command, self.path)
            self.send(answer.status, content, answer.headers.get("Content-Type", ""))

        do_POST = do_DELETE = do_GET

        def ask(self, body):
            there = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            try:
                there.request(self.command, self.path, body, headers)
                answer = there.getresponse()
                return answer, answer.read()
            finally:
                there.close()

    return PassOn
