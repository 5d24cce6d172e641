"""Who may use a model, and a second run of setup that wishes less than the first."""

import fcntl
import os
import pathlib
import subprocess
import tempfile

from doors.processes import free_port
from doors.runner import table
from doors.world import GATEHALL

from .between import Between
from .test_setup import EVERYBODY, wired
from .world import TOOL

PRIVATE = {"id": "secrets", "name": "Secrets", "base_model_id": "told", "is_active": True}
PRIVATE |= {"params": {"system": "Of the board alone"}, "meta": {}, "access_grants": []}


def _register(world, model):
    world.ines.ask("POST", "/api/v1/models/create", model)


def _remove(world, *names):
    for name in names:
        if name in world.registered():
            world.ines.ask("POST", "/api/v1/models/model/delete", {"id": name})


def test_a_model_that_was_there_is_opened_and_closed_again(_):
    world = wired()
    world.command("undo", "--apply")
    base = {"id": "told", "name": "Told", "base_model_id": None, "is_active": True}
    _register(world, {**base, "params": {"temperature": 1}, "meta": {}, "access_grants": []})
    _register(world, PRIVATE)
    try:
        before = world.state()
        said = world.setup("--open-models", "--apply", "--no-test")
        assert "decided there" in said, said
        models = world.state()[2]
        assert models["told"] == ([TOOL], [EVERYBODY]), models
        assert models["secrets"] == ([TOOL], []), "what somebody made for themselves stays theirs"
        assert "Everything is as it should be" in world.setup("--open-models", "--apply", "--no-test")
        # Those are closed again that were opened, and no others.
        world.setup("--open-models=false", "--apply", "--no-test")
        models = world.state()[2]
        assert models == {"told": ([TOOL], []), "secrets": ([TOOL], [])}, models
        world.setup("--open-models", "--apply", "--no-test")
        world.command("undo", "--apply")
        empty = {name: (on or [], grants) for name, (on, grants) in before[2].items()}
        after = {name: (on or [], grants) for name, (on, grants) in world.state()[2].items()}
        assert after == empty, after
    finally:
        world.command("undo", "--apply")
        _remove(world, "told", "secrets")


def test_a_second_run_takes_back_what_it_wishes_no_more(_):
    world = wired()
    said = world.setup("--model", "untold", "--bring-groups=false", "--apply", "--no-test")
    assert "it is not registered any more" in said and "not brought over any more" in said, said
    connections, groups, models, _accounts = world.state()
    assert set(models) == {"untold"} and groups == {}, (models, groups)
    assert "Everything is as it should be" in world.setup("--apply", "--no-test")
    # And what is wished again is there again.
    world.setup("--model", "all", "--bring-groups", "--apply", "--no-test")
    _, groups, models, _ = world.state()
    assert set(models) == {"told", "untold"} and groups, (models, groups)


def test_a_foreign_connection_of_a_tenants_id_is_left(_):
    world = wired()
    (foreign, own) = world.ines.connections()
    theirs = {**foreign, "info": {"id": "gatehall-google", "name": "Theirs"}}
    world.ines.connect(foreign, own, theirs)
    try:
        said = world.setup("--openapi", "google", "--apply", "--no-test")
        assert "leads elsewhere" in said, said
        world.setup("--openapi", "none", "--apply", "--no-test")
        kept = world.ines.connections()[2]
        assert (kept["url"], kept["key"]) == (theirs["url"], theirs["key"]), kept
    finally:
        world.ines.connect(*world.ines.connections()[:2])


def test_what_somebody_changed_at_a_connection_stays_when_it_is_taken_back(_):
    world = wired()
    world.command("undo", "--apply")
    foreign = world.ines.connections()[0]
    old = {**world.connection(), "url": "http://127.0.0.1:9/mcp", "key": "old"}
    world.ines.connect(foreign, old)
    world.setup("--apply", "--no-test")
    (foreign, own) = world.ines.connections()
    world.ines.connect(foreign, {**own, "headers": {"X-Note": "mine"}})
    said = world.command("undo", "--apply")
    assert "somebody changed since" in said, said
    kept = world.ines.connections()[1]
    assert (kept["url"], kept["key"]) == (old["url"], "old"), kept
    assert kept["headers"] == {"X-Note": "mine"}, kept
    world.ines.connect(foreign)


def test_the_same_one_under_another_address_is_told(_):
    world = wired()
    other = world.open_webui().replace("127.0.0.1", "localhost")
    for action in ("setup", "check", "undo"):
        more = ["--no-test"] if action == "check" else []
        said = world.command(action, *more, url=other)
        assert world.open_webui() in said, (action, said)


def _is_taken(world):
    """Whether somebody has the turn at Open WebUI."""
    for path in (world.processes.folder / "data").glob("*-open-webui.lock"):
        with open(path, "wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def test_each_command_has_its_turn(_):
    world = wired()
    taken = []

    def look(_method, path):
        if "tool_servers" in path:
            taken.append(_is_taken(world))

    with Between(world.open_webui(), before=look) as between:
        # Nothing was set up at this address, so that nothing is taken back.
        for action, more in (("setup", []), ("check", ["--no-test"]), ("undo", ["--apply"])):
            taken.clear()
            world.command(action, *more, url=between.origin)
            assert taken and all(taken), (action, taken)
    assert not _is_taken(world)


DEPLOYED = {"GATEHALL_OPEN_WEBUI_ADMIN_EMAIL": "ines@company.example"}


@table(
    [
        ("no proof", {}, ["--apply"], 1, "say as whom"),
        ("an empty header", {"HEADER": ""}, ["--apply"], 1, "--admin-email with --trusted-header"),
        ("a step", {"HEADER": ""}, ["--apply", "--skip-without-proof"], 0, "is not set up by this"),
        ("a flag", {"HEADER": "X-User-Email"}, ["--apply", "--admin-token-file"], 1, "nobody answers"),
        ("the endpoint", {}, ["--gate-url", "http://gate:8080/mcp"], 2, "without /mcp"),
        ("no address", {}, ["--gate-url", "ftp://gate"], 2, "must be an address"),
    ]
)
def test_what_is_given_by_variables_and_flags(_, _name, variables, flags, code, says):
    with tempfile.TemporaryDirectory() as folder:
        token = pathlib.Path(folder, "token")
        token.write_text("a token\n")
        flags = [*flags, *([token] if flags[-1].endswith("-file") else [])]
        if "--gate-url" not in flags:
            flags += ["--gate-url", "http://gate:8080"]
        deployed = {}
        if "HEADER" in variables:
            deployed = {**DEPLOYED, "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER": variables["HEADER"]}
        command = [GATEHALL, "open-webui", "setup", "--url", f"http://127.0.0.1:{free_port()}"]
        command += [*flags, "--data-dir", f"{folder}/data"]
        ended = subprocess.run(
            [str(it) for it in command], env={**os.environ, **deployed}, capture_output=True, text=True
        )
        assert ended.returncode == code and says in ended.stderr, ended
