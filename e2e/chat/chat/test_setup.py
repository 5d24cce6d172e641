"""gatehall open-webui setup, check and undo, on a real Open WebUI."""

import json
import os
import re
import signal
import subprocess
import threading

from doors.world import GATEHALL

from . import page
from .between import Between
from .fresh import FOREIGN, fresh
from .open_webui import Refused
from .world import SEARCH, TOOL

ACTIONS = ["setup", "check", "undo"]
EVERYBODY = ("user", "*", "read")


def test_plan_changes_nothing(_):
    world = fresh()
    before = world.state()
    said = world.setup()
    for line in ("new    key", "new    connection", "google-employees", "left   model"):
        assert line in said, said
    assert "Apply them with --apply" in said
    assert world.state() == before
    assert world.live_keys() == []


def test_the_page_says_what_to_run(_):
    world = fresh()
    token = world.as_admin()[-1]
    here = {"http://open-webui:8080": world.open_webui(), "http://gate:8080": world.gate()}
    here["token"] = token
    words = [[here.get(it, it) for it in page.command("open-webui", it)] for it in ACTIONS]
    setup, check, undo = words
    before = world.state()
    world.gatehall(*setup)
    assert world.state() == before
    world.gatehall(*setup, "--apply")
    world.gatehall(*check)
    world.gatehall(*undo)
    assert world.state() != before
    world.gatehall(*undo, "--apply")
    assert world.state() == before
    shown = world.gatehall("open-webui", "setup", "--help")
    text = page.TEXT[page.TEXT.index("## 3. Setup") : page.TEXT.index("### By hand")]
    for flag in re.findall(r"`(--[a-z-]+)", text):
        assert flag in shown, flag


def test_setup_does_all_and_the_second_time_nothing(_):
    world = fresh()
    said = world.setup("--open-models", "--apply", proof=world.with_password())
    assert "the gate accepts what Open WebUI signs" in said and "3 tools, of google/clock" in said
    assert "it expires after 3600 seconds" in said, said
    connections, groups, models, accounts = world.state()
    assert [it["info"]["id"] for it in connections] == ["foreign", "gatehall"]
    shown = world.connection()
    for name in ("type", "url", "path", "auth_type", "config", "info"):
        assert connections[1][name] == shown[name], (name, connections[1])
    assert groups == {"google-employees": ["alice", "ines"], "microsoft-employees": ["bob"]}
    assert models == {name: ([TOOL], [EVERYBODY]) for name in ("told", "untold")}
    assert [it for it in accounts if "gatehall-check" in it] == []
    assert "gatehall-check" not in world.gatehall("user", "list")
    # It is what people have in their chats.
    alice = world.people["alice"]
    assert alice.tools() == {TOOL: "Gatehall"} and alice.models() >= {"told", "untold"}
    assert "gatehall_google_clock_now" in world.tools_of("alice")
    assert "gatehall_microsoft_clock_now" in world.tools_of("bob")
    keys, before = world.live_keys(), world.state()
    assert "Everything is as it should be" in world.setup("--open-models", "--apply")
    assert world.state() == before and world.live_keys() == keys
    # What was said the first time need not be said again.
    assert "Everything is as it should be" in world.setup("--apply", "--no-test")


def test_other_connections_stay_as_they_are(_):
    world = wired()
    (foreign, _) = world.ines.connections()
    assert {name: foreign[name] for name in FOREIGN} == FOREIGN


def test_check_finds_what_somebody_changed_and_setup_mends_it(_):
    world = wired()
    assert not [it for it in world.findings() if it[1] == "bad"]
    before = world.state()

    def damaged(**different):
        foreign, own = world.ines.connections()
        world.ines.connect(foreign, {**own, **different})

    key = world.ines.connections()[1]["key"]
    config = world.ines.connections()[1]["config"]
    for different in (
        {"url": "http://127.0.0.1:9/mcp"},
        {"key": "ghk_0000000000000000_none"},
        {"auth_type": "none"},
        {"config": {**config, "enable": False}},
        {"config": {**config, "access_grants": []}},
    ):
        damaged(**different)
        assert "connection gatehall" in world.bad("--no-test"), different
        world.setup("--apply", "--no-test")
        foreign, own = world.ines.connections()
        assert (own["url"], own["auth_type"]) == (before[0][1]["url"], "bearer"), own
        assert own["config"] == config, own
    assert len(world.live_keys()) == 1, "the key that was lost is revoked"
    assert world.ines.connections()[1]["key"] != key
    # What speaks for everybody is said, and what an administrator added stays.
    damaged(headers={"X-OpenWebUI-User-Email": "a@b.example", "X-Note": "mine"})
    assert "X-OpenWebUI-User-Email" in world.bad("--no-test")["connection gatehall"]
    world.setup("--apply", "--no-test", fails=True)
    assert world.ines.connections()[1]["headers"]["X-Note"] == "mine"
    damaged(headers=None)
    # The key of somebody is nobody's way in for all.
    personal = world.gatehall("key", "add", "--user", "alice@google.example").strip()
    damaged(key=personal)
    assert "connection gatehall" in world.bad("--no-test")
    said = world.setup("--key-file", _file(world, personal), "--apply", fails=True)
    assert "somebody's own" in said, said
    world.setup("--apply")


def test_a_key_is_given_or_changed(_):
    world = wired()
    (before,) = world.live_keys()
    world.setup("--new-key", "--apply")
    (after,) = world.live_keys()
    assert after != before
    given = world.gatehall("key", "add", "--service", "--name", "given").strip()
    world.setup("--key-file", _file(world, given), "--apply")
    assert world.live_keys() == [], "the one that was made is used no more"
    assert world.ines.connections()[1]["key"] == given
    assert "Everything is as it should be" in world.setup("--apply")


def test_groups_are_followed_by_id_and_others_left_alone(_):
    world = wired()
    theirs = {"name": "Care", "description": "of somebody else"}
    world.ines.ask("POST", "/api/v1/groups/create", theirs)
    for arguments in (
        ["group", "add", "care"],
        ["group", "change", "google-employees", "--name", "googlers"],
        ["group", "change", "googlers", "--remove-member", "alice@google.example"],
        ["group", "add", "new"],
        ["group", "change", "new", "--add-member", "bob@microsoft.example"],
    ):
        world.gatehall(*arguments)
    number = {it["name"]: it["id"] for it in world.ines.ask("GET", "/api/v1/groups/")}
    assert "was called google-employees" in world.bad("--no-test")["group googlers"]
    said = world.setup("--apply", "--no-test")
    assert "a group of that name is there that is not Gatehall's" in said
    assert world.own_groups() == {
        "Care": [],
        "googlers": ["ines"],
        "microsoft-employees": ["bob"],
        "new": ["bob"],
    }
    renamed = {it["name"]: it["id"] for it in world.ines.ask("GET", "/api/v1/groups/")}
    assert renamed["googlers"] == number["google-employees"]
    for arguments in (
        ["group", "remove", "new", "--cascade"],
        ["group", "change", "googlers", "--name", "google-employees"],
        ["group", "change", "google-employees", "--add-member", "alice@google.example"],
        ["group", "remove", "care"],
    ):
        world.gatehall(*arguments)
    world.setup("--apply", "--no-test")
    assert set(world.own_groups()) == {"Care", "google-employees", "microsoft-employees"}
    world.ines.ask("DELETE", f"/api/v1/groups/id/{renamed['Care']}/delete")


def test_a_group_alone_sees_the_tools(_):
    world = wired()
    world.setup("--group", "google-employees", "--apply")
    assert world.people["alice"].tools() == {TOOL: "Gatehall"}
    assert world.people["bob"].tools() == {}
    assert 'no group "nobody"' in world.setup("--group", "nobody", "--apply", fails=True)
    world.setup("--group", "all", "--apply", "--no-test")
    assert world.people["bob"].tools() == {TOOL: "Gatehall"}


def test_tenants_are_connected_by_openapi(_):
    world = wired()
    world.setup("--openapi", "all", "--apply", "--no-test")
    ids = [it["info"]["id"] for it in world.ines.connections()]
    assert ids == ["foreign", "gatehall", "gatehall-google", "gatehall-microsoft"]
    assert set(world.people["alice"].tools()) == {TOOL, f"{SEARCH.rsplit('-', 1)[0]}-google",
        f"{SEARCH.rsplit('-', 1)[0]}-microsoft"}
    world.setup("--openapi", "google", "--apply", "--no-test")
    assert len(world.ines.connections()) == 3
    world.setup("--openapi", "none", "--apply", "--no-test")
    assert len(world.ines.connections()) == 2


def test_models_keep_what_they_have(_):
    world = wired()
    model = {"id": "own", "name": "Own", "base_model_id": "told", "params": {"system": "Be kind"}}
    model |= {"meta": {"toolIds": ["mine"], "description": "Kind"}, "is_active": True}
    group = world.ines.ask("GET", "/api/v1/groups/")[0]["id"]
    grant = {"principal_type": "group", "principal_id": group, "permission": "read"}
    world.ines.ask("POST", "/api/v1/models/create", {**model, "access_grants": [grant]})
    world.setup("--open-models=false", "--model", "own", "--apply", "--no-test")
    own = world.registered()["own"]
    assert own["meta"]["toolIds"] == ["mine", TOOL] and own["meta"]["description"] == "Kind"
    assert own["params"] == {"system": "Be kind"}
    assert [it["principal_id"] for it in own["access_grants"]] == [group]
    said = world.setup("--model", "nowhere", "--no-test")
    assert "no such model" in said, said
    world.ines.ask("POST", "/api/v1/models/model/delete", {"id": "own"})
    world.setup("--model", "all", "--open-models", "--apply", "--no-test")


def test_somebody_else_at_the_same_time_is_not_overwritten(_):
    world = wired()
    world.command("undo", "--apply")
    count = []

    def other(method, path):
        if (method, path) == ("GET", "/api/v1/configs/tool_servers"):
            count.append(path)
            # The first asks who is there, the second is the plan's, the third stands before the write.
            if len(count) == 3:
                world.ines.connect(FOREIGN, {**FOREIGN, "info": {"id": "late", "name": "Late"}})

    with Between(world.open_webui(), before=other) as between:
        said = world.setup("--apply", url=between.origin, fails=True)
        assert "at the same time" in said, said
        ids = [it["info"]["id"] for it in world.ines.connections()]
        assert ids == ["foreign", "late"]
        world.setup("--apply", url=between.origin)
        ids = [it["info"]["id"] for it in world.ines.connections()]
        assert ids == ["foreign", "late", "gatehall"]
        world.command("undo", "--apply", url=between.origin)
    world.ines.connect(FOREIGN)


def test_killed_at_each_step_a_second_run_mends_it(_):
    world = wired()
    world.command("undo", "--apply")
    clean = world.state()
    killed = 0
    for when in ("before", "after"):
        step = 0
        while True:
            origin, hit = _kill_at(world, when, step)
            world.setup("--open-models", "--apply", "--no-test", url=origin.origin)
            assert "Everything is as it should be" in world.setup(
                "--open-models", "--apply", "--no-test", url=origin.origin
            )
            connections, groups, models, accounts = world.state()
            assert [it["info"]["id"] for it in connections] == ["foreign", "gatehall"]
            assert groups == {"google-employees": ["alice", "ines"], "microsoft-employees": ["bob"]}
            assert models == {name: ([TOOL], [EVERYBODY]) for name in ("told", "untold")}
            assert accounts == clean[3], (when, step, accounts)
            assert len(world.live_keys()) == 1, (when, step)
            assert "gatehall-check" not in world.gatehall("user", "list")
            world.command("undo", "--apply", url=origin.origin)
            assert world.state() == clean, (when, step)
            assert world.live_keys() == []
            origin.close()
            if not hit:
                break
            killed += 1
            step += 1
    # Two groups with members, the connections, two models, verifying, the account and its end.
    assert killed >= 16, killed


def _kill_at(world, when, step):
    """Runs setup, killed at its n-th change of Open WebUI; whether there was such a change."""
    hit, over = threading.Event(), threading.Event()
    count = [0]
    process = []

    def kill(method, path):
        if method == "GET" or "/auths/sign" in path or hit.is_set() or over.is_set():
            return
        if count[0] == step:
            hit.set()
            os.kill(process[0].pid, signal.SIGKILL)
            process[0].wait()
            if when == "before":
                # What never left the machine does not arrive while the next one runs.
                raise ConnectionAbortedError
        count[0] += 1

    between = Between(world.open_webui(), **{when: kill})
    flags = ["--url", between.origin, "--gate-url", world.gate(), *world.as_admin()]
    command = [GATEHALL, "open-webui", "setup", *flags, "--open-models", "--apply"]
    command += ["--data-dir", world.processes.folder / "data"]
    with open(world.processes.log("killed"), "ab") as log:
        process.append(
            subprocess.Popen([str(it) for it in command], stdout=log, stderr=subprocess.STDOUT)
        )
        process[0].wait(60)
    over.set()
    return between, hit.is_set()


def test_undo_takes_back_its_own_alone(_):
    world = wired()
    world.command("undo", "--apply")
    # A connection of this ID was there before, and models that somebody registered.
    own = {**world.connection(), "url": "http://127.0.0.1:9/mcp", "key": "old"}
    world.ines.connect(own, FOREIGN)
    world.ines.open_model("mine")
    before = world.state()
    world.setup("--open-models", "--apply")
    theirs = {"name": "Theirs", "description": ""}
    theirs = world.ines.ask("POST", "/api/v1/groups/create", theirs)["id"]
    assert "Undo it with --apply" in world.command("undo")
    assert len(world.live_keys()) == 1
    said = world.command("undo", "--apply")
    assert "it is as it was before" in said, said
    connections, groups, models, accounts = world.state()
    assert (connections, models, accounts) == (before[0], before[2], before[3])
    assert groups == {"Theirs": []} and world.live_keys() == []
    assert "nothing there" in world.command("undo", "--apply")
    world.ines.ask("DELETE", f"/api/v1/groups/id/{theirs}/delete")
    world.ines.ask("POST", "/api/v1/models/model/delete", {"id": "told"})
    world.ines.connect(FOREIGN)


def test_undo_leaves_what_somebody_changed_since(_):
    world = wired()
    foreign, own = world.ines.connections()
    world.ines.connect(foreign, {**own, "url": "http://127.0.0.1:9/mcp"})
    told = world.registered()["told"]
    told["params"] = {"temperature": 1}
    world.ines.ask("POST", "/api/v1/models/model/update?id=told", told)
    said = world.command("undo", "--apply")
    assert "made it lead elsewhere" in said and "since somebody changed it" in said, said
    assert [it["info"]["id"] for it in world.ines.connections()] == ["foreign", "gatehall"]
    assert world.registered()["told"]["meta"]["toolIds"] == []
    assert "untold" not in world.registered()
    world.ines.connect(FOREIGN)
    world.ines.ask("POST", "/api/v1/models/model/delete", {"id": "told"})


def test_by_hand_it_says_what_to_set_and_writes_what_to_import(_):
    world = fresh()
    path = world.processes.folder / "import.json"
    path.unlink(missing_ok=True)
    flags = ["open-webui", "setup", "--gate-url", world.gate()]
    said = world.gatehall(*flags)
    assert "FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS=3600" in said and "ghk_" not in said
    said = world.gatehall(*flags, "--write", path)
    assert "ghk_" not in said, said
    assert path.stat().st_mode & 0o777 == 0o600
    (written,) = json.loads(path.read_text())
    assert {**written, "key": ""} == {**world.connection(), "key": ""}
    world.wait(lambda: verified(world, written), "the gate hears of the key")
    text = path.read_text()
    world.gatehall(*flags, "--write", path, fails=True)
    assert path.read_text() == text


def verified(world, connection):
    try:
        return world.ines.verify(connection)
    except Refused:
        return False


def wired():
    """As after setup, whatever a test before did."""
    world = fresh()
    world.setup("--open-models", "--model", "all", "--group", "all", "--openapi", "none", "--apply",
        "--no-test")
    return world


def _file(world, secret):
    path = world.processes.folder / "key"
    path.write_text(secret)
    return path
