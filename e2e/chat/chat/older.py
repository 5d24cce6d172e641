"""An Open WebUI of an older version, as far as it answers here: as such ones did."""

import json

from doors.serving import Handler, Serving

# Before models were listed at one path there were two, and the first is a page like all unknown ones.
ANSWERS = {
    "/api/v1/auths/": {"id": "1", "email": "ines@company.example", "role": "admin"},
    "/api/v1/auths/admin/config": {"ENABLE_SIGNUP": False, "DEFAULT_USER_ROLE": "pending"},
    "/api/v1/configs/tool_servers": {"TOOL_SERVER_CONNECTIONS": []},
    "/api/v1/models/base": [],
    "/api/v1/models/export": [],
    "/api/models/base": {"data": [{"id": "told"}]},
    "/api/v1/groups/": [],
    "/api/v1/users/all": {"users": [], "total": 0},
}


class Older(Serving):
    def __init__(self, version):
        self.changes = []
        config = {"status": True, "version": version, "features": {"auth": True}}
        super().__init__(_handler({**ANSWERS, "/api/config": config}, self.changes))


def _handler(answers, changes):
    class Asked(Handler):
        def do_GET(self):
            if self.path in answers:
                self.send(200, json.dumps(answers[self.path]).encode())
            else:
                self.send(200, b"<!doctype html><title>Open WebUI", "text/html")

        def do_POST(self):
            changes.append(self.path)
            self.send_error(500)

        do_DELETE = do_POST

    return Asked
