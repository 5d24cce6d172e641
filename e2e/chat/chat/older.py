"""An Open WebUI of an older version, as far as it answers here: as such ones did."""

import http.server
import json
import threading

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


class Older:
    def __init__(self, version):
        self.changes = []
        older = self
        config = {"status": True, "version": version, "features": {"auth": True}}
        answers = {**ANSWERS, "/api/config": config}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.path in answers
                body = json.dumps(answers[self.path]) if known else "<!doctype html><title>Open WebUI"
                self.send_response(200)
                self.send_header("Content-Type", "application/json" if known else "text/html")
                self.end_headers()
                self.wfile.write(body.encode())

            def do_POST(self):
                older.changes.append(self.path)
                self.send_error(500)

            do_DELETE = do_POST

            def log_message(self, *_):
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
