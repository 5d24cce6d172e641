"""Backup and restore, by the commands of docs/operations.md."""

import json

from . import engine
from .test_mending import is_well


def test_a_backup_is_restored(world):
    """Into a PostgreSQL of its own, over what is there, and into a stack that has nothing."""
    deployment = world.deployment
    alice = world.person("alice")
    kept = {"chat": {"title": "kept", "messages": []}}
    chat = alice.ask("POST", "/api/v1/chats/new", kept)["id"]
    deployment.gatehall("group", "add", "kept")
    backup = make(deployment)
    assert backup.stat().st_mode & 0o077 == 0, oct(backup.stat().st_mode)
    assert {it.name for it in backup.iterdir()} >= {
        "gatehall.dump", "open_webui.dump", "volumes.tar.gz", "deployment.tar.gz", "SHA256SUMS",
    }  # fmt: skip

    said = deployment.run(["./restore", "--drill", backup], seconds=300, fails=False)
    assert not [it for it in engine.docker("ps", "--all", "--format", "{{.Names}}").split() if "drill" in it], said

    # What came after the backup goes, what was there comes back.
    deployment.gatehall("group", "add", "later")
    alice.ask("DELETE", f"/api/v1/chats/{chat}")
    deployment.run(["./restore", "--replace", backup], seconds=600)
    is_restored(world, alice, chat)

    deployment.compose("down", "--volumes", "--timeout", "5")
    deployment.run(["./restore", backup], seconds=600)
    is_restored(world, alice, chat)


def test_a_damaged_backup_is_not_restored(world):
    deployment = world.deployment
    backup = make(deployment)
    with open(backup / "gatehall.dump", "r+b") as file:
        file.seek(200)
        file.write(b"damage")
    said = deployment.run(["./restore", "--replace", backup], fails=True)
    assert "Nothing was changed" in said, said
    is_well(world)


def test_data_is_not_restored_over_by_mistake(world):
    deployment = world.deployment
    said = deployment.run(["./restore", make(deployment)], fails=True)
    assert "./restore --replace" in said and "Nothing was changed" in said, said
    is_well(world)


def make(deployment):
    deployment.run(["./backup"], seconds=300)
    return max((deployment.folder / "backups").glob("????-*"))


def is_restored(world, alice, chat):
    """The sign-ins of before last, and so does what was written."""
    assert alice.ask("GET", f"/api/v1/chats/{chat}")["chat"]["title"] == "kept"
    groups = {it["name"] for it in json.loads(world.deployment.gatehall("group", "list", "--json"))}
    assert "kept" in groups and "later" not in groups, groups
    is_well(world)
