"""Attacks with paths on real programs behind the real proxies: whoever reaches a handler
was admitted to what it is for."""

from . import names, readers
from .attacks import cookie
from .client import send
from .runner import table

APP = f"app.{names.DOMAIN}"

# Each may be /engine to some program. That is for engineers, and bob is none; /public is open.
PATHS = [
    "/engine",
    "/ENGINE",
    "/Engine/x",
    "/eNgine?x=1",
    "/engine/",
    "/engine.",
    "/engine./",
    "/engine..",
    "/engine%20",
    "/engine%2e",
    "/%20engine",
    "/engine+",
    "/engine.json",
    "/ENGINE.html",
    "/engine::$DATA",
    "/engine;x",
    "/ENGINE;x=1/y",
    "/;x/engine",
    "/public;/../engine",
    "/engine#x",
    "/ENGINE#/public",
    "/engine%23x",
    "/engine%3Fx",
    "/engine\\x",
    "/public\\..\\engine",
    "/public%5c..%5cengine",
    "//engine",
    "//ENGINE",
    "/public//../engine",
    "/public/../engine",
    "/PUBLIC/../engine",
    "/public/./../ENGINE",
    "/public/%2e%2e/engine",
    "/public/%252e%252e/engine",
    "/public%2f..%2fengine",
    "/public/..%2fENGINE",
    "/%2fengine",
    "/./engine",
    "/%65ngine",
    "/%45NGINE",
    "/%2565ngine",
    "/engine%00",
    "/engine%00/public",
    "/eng%C4%B1ne",
    "/%EF%BD%85ngine",
    "/eng%C3%ADne",
    "/engi%CC%81ne",
    "/engine%C2%AD",
    "/(S(x))/engine",
    "/(S(x))/ENGINE/x",
    "/public%EF%BC%8F..%EF%BC%8Fengine",
    "/public/%E2%80%A5/engine",
    "/index.php/engine",
    "/INDEX.php/ENGINE",
    "/index.php/engine/x",
    "/public/index.php/../../engine",
    "/public/app.php/engine",
    "/public/app.php/ENGINE/x",
    "/PUBLIC/app.php/engine",
    "/engine/index.php",
    "/ENGINE/index.php",
    "/engine/index.php/public",
    "/public/..;/engine",
    "*",
    "/public?/../engine",
    "/public/?/../../engine",
]


def told(answer):
    """What a reader says it read, if one was reached."""
    return answer.json() if answer.header("x-backend") else None


def reached(answer):
    """Whether it ran the guarded handler. No attack may look like a fault of the server."""
    assert answer.status < 500, answer
    said = told(answer)
    return said is not None and said["handler"] == "engine"


@table([(kind, reader) for kind in names.PROXIES for reader in readers.NAMES])
def test_no_reader_runs_what_the_visitor_was_not_admitted_to(world, kind, reader):
    proxy = readers.proxy(world, kind, reader)
    session = {
        name: [cookie(world.signed_in(name).jar.get(names.SESSION_COOKIE)), *names.PROGRAM_HEADERS]
        for name in ("alice", "bob")
    }
    # It is there for those who may, and so is everything else for the others.
    assert told(send(proxy, "/engine", APP, headers=session["alice"]))["handler"] == "engine"
    assert told(send(proxy, "/Elsewhere", APP, headers=session["bob"]))["handler"] == "other"
    assert told(send(proxy, "/public/Logo", APP))["handler"] == "other"
    in_there = []
    for path in PATHS:
        for method in ("GET", "POST"):
            if reached(send(proxy, path, APP, method, session["bob"])):
                in_there.append(f"bob at {path}")
        if reached(send(proxy, path, APP, headers=names.PROGRAM_HEADERS)):
            in_there.append(f"nobody at {path}")
    assert not in_there, sorted(set(in_there))


# Pages of the application, whose script is in the open folder; strangers are to see none of them.
BEHIND_SCRIPTS = [
    "/public/app.php/elsewhere",
    "/public/app.php/elsewhere/x",
    "/public/app.php/Elsewhere?x=1",
    "/public/app.php/public/../elsewhere",
    "/public/app.php/%65lsewhere",
    "/public/app.php/elsewhere.html",
]


@table([(kind,) for kind in names.PROXIES])
def test_an_open_folder_opens_no_page_behind_a_script_in_it(world, kind):
    proxy = readers.proxy(world, kind, "php")
    bob = [cookie(world.signed_in("bob").jar.get(names.SESSION_COOKIE)), *names.PROGRAM_HEADERS]
    page = "/public/app.php/elsewhere"
    # It would be one, and is for whoever signed in; the folder itself is for everybody.
    assert told(send(proxy, page, APP, headers=bob))["page"] == "/elsewhere"
    assert told(send(proxy, "/public/app.php", APP))["page"] == ""
    assert send(proxy, "/public/v1.2/x", APP).status == 404, "the server has no such file"
    for path in BEHIND_SCRIPTS:
        for method in ("GET", "POST"):
            answer = send(proxy, path, APP, method, names.PROGRAM_HEADERS)
            assert answer.status < 500 and told(answer) is None, f"{path}: {answer}"


def test_every_path_is_read_as_the_guarded_one_by_some_reader(world):
    """Otherwise it would be no attack."""
    unread = set(PATHS) - {"*", "/public?/../engine", "/public/?/../../engine"}
    for reader in readers.NAMES:
        port = readers.start(world, reader)
        for path in sorted(unread):
            said = told(send(port, path, APP))
            if said and said["handler"] == "engine":
                unread.discard(path)
    assert not unread, unread
