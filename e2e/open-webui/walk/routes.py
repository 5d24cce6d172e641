"""Every route that Open WebUI has, read from its source."""

import re

from doors.world import TOOLS

ROUTE = re.compile(r"^@(app|router)\.(get|post|put|patch|delete|head)\(\s*'([^']*)'", re.M)
ROUTER = re.compile(r"include_router\((\w+)\.router, prefix='([^']+)'")
MOUNT = re.compile(r"mount\(\s*'(/[^']*)'")


def site():
    (found,) = (TOOLS / "chat/lib").glob("python3*/site-packages/open_webui")
    return found


def chat_routes():
    """(method, path) of all, with something in place of each parameter."""
    main = (site() / "main.py").read_text()
    found = [(method, path) for _, method, path in ROUTE.findall(main)]
    for name, prefix in ROUTER.findall(main):
        routers = site() / "routers"
        files = [*routers.glob(f"{name}.py"), *routers.glob(f"{name}/*.py")]
        assert files, name
        text = "\n".join(file.read_text() for file in files)
        found += [(method, prefix + path) for _, method, path in ROUTE.findall(text)]
    found += [("get", f"{path}/anything") for path in MOUNT.findall(main)]
    # What is there beside routes: pages, documentation, and what the page is made of.
    found += [("get", path) for path in PAGES]
    return sorted({(method.upper(), re.sub(r"\{[^}]+\}", "x", path)) for method, path in found})


PAGES = [
    "/",
    "/admin/users",
    "/auth",
    "/c/x",
    "/docs",
    "/docs/oauth2-redirect",
    "/error",
    "/openapi.json",
    "/redoc",
    "/s/x",
    "/watch",
    "/ws/socket.io/?EIO=4&transport=polling",
    "/_app/version.json",
    "/static/favicon.png",
    "/no/such/path",
    "/.well-known/openid-configuration",
    "/oauth2/callback",
    "/oauth2/start",
    "/auth/traefik",
    "//api/config",
    "/static/../api/config",
    "/API/config",
]
