"""starlette_app.py PORT: Starlette's routes, which decode a path once."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


def say(handler):
    async def answer(request):
        said = {
            "handler": handler,
            "path": request.url.path,
            "host": request.headers.get("host"),
            "admin": request.headers.get("x-user-admin"),
        }
        return JSONResponse(said, headers={"X-Backend": "yes"})

    return answer


METHODS = ["GET", "POST"]
app = Starlette(
    routes=[
        Route("/engine", say("engine"), methods=METHODS),
        Route("/engine/{rest:path}", say("engine"), methods=METHODS),
        Route("/{rest:path}", say("other"), methods=METHODS),
    ]
)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
