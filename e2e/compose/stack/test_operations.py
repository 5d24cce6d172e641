"""Backup and restore, and what docs/operations.md has to copy."""

import json
import re
import uuid

from doors.runner import table

from . import engine
from .place import ROOT
from .test_mending import is_well

PAGE = (ROOT / "docs/operations.md").read_text()
KEPT, LATER = (f"{it}-{uuid.uuid4().hex[:8]}" for it in ("kept", "later"))
# What would take images away that other tests want, and what looks at the whole internet.
NOT_HERE = ("docker image prune", "/gatehall doctor")


@table([("First look",), ("The disk fills",)])
def test_commands_of_the_page_work_as_they_stand(world, title):
    section = PAGE.split(f"\n## {title}\n")[1].partition("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.S)[1]
    for line in block.splitlines():
        if not any(it in line for it in NOT_HERE):
            world.deployment.run(["bash", "-euo", "pipefail", "-c", line])


def test_a_tenant_is_added_as_the_page_says(world):
    section = PAGE.split("\n## Another tenant\n")[1]
    commands = re.search(r"```sh\n(.*?)```", section, re.S)[1].splitlines()
    file = world.deployment.folder / "acme.toml"
    file.write_text(ACME)
    for line in commands:
        said = world.deployment.run(["bash", "-euo", "pipefail", "-c", line])
    assert "acme" in said, said


ACME = """
[[tenants]]
id = "acme"
name = "Acme"

[[groups]]
name = "acme-employees"

[[users]]
email = "zoe@acme.example"
groups = ["acme-employees"]

[[grants]]
group = "acme-employees"
tenant = "acme"
"""


def test_a_backup_is_restored(world):
    """Into a PostgreSQL of its own, over what is there, and into a stack that has nothing."""
    deployment = world.deployment
    alice = world.person("alice")
    kept = {"chat": {"title": "kept", "messages": []}}
    chat = alice.ask("POST", "/api/v1/chats/new", kept)["id"]
    deployment.gatehall("group", "add", KEPT)
    backup = make(deployment)
    assert backup.stat().st_mode & 0o077 == 0, oct(backup.stat().st_mode)
    assert {it.name for it in backup.iterdir()} >= {
        "gatehall.dump", "open_webui.dump", "volumes.tar.gz", "deployment.tar.gz", "gatehall-image.tar.gz", "SHA256SUMS",
    }  # fmt: skip

    said = deployment.run(["./restore", "--drill", backup], seconds=300, fails=False)
    assert not [
        it for it in engine.docker("ps", "--all", "--format", "{{.Names}}").split() if "drill" in it
    ], said

    # What came after the backup goes, what was there comes back.
    deployment.gatehall("group", "add", LATER)
    alice.ask("DELETE", f"/api/v1/chats/{chat}")
    deployment.run(["./restore", "--replace", backup], seconds=600)
    is_restored(world, alice, chat)

    # A new server has the backup, and what restic's user unpacks of it.
    deployment.compose("down", "--volumes", "--timeout", "5")
    deployment.lose("backups", "compose.override.yaml")
    section = PAGE.split("\n## Restore\n")[1].partition("\n## ")[0]
    block = next(it for it in re.findall(r"```sh\n(.*?)```", section, re.S) if "./restore" in it)
    command = re.sub(r"\d{4}-\d\d-\d\dT\d{6}Z", backup.name, block).replace("cd /opt/gatehall\n", "")
    deployment.run(["bash", "-euo", "pipefail", "-c", command], seconds=600)
    is_restored(world, alice, chat)


def test_what_a_program_wrote_never_runs_as_the_superuser(world):
    deployment = world.deployment
    ask(deployment, "open_webui", EVIL)
    backup = make(deployment)
    deployment.run(["./restore", "--drill", backup], seconds=300)
    deployment.run(["./restore", "--replace", backup], seconds=600)
    supers = "select string_agg(rolname, ' ') from pg_roles where rolsuper"
    assert ask(deployment, "postgres", supers) == "postgres"
    assert ask(deployment, "open_webui", "select t from evil") == "harmless"
    ask(deployment, "open_webui", "drop table evil; drop function evil_ok()")
    is_well(world)


def test_a_restore_that_fails_puts_back_what_was_there(world):
    deployment = world.deployment
    ask(deployment, "open_webui", "create table refused (a int)")
    backup = make(deployment)
    # A dump that is listed and cannot be filled in, with checksums that fit.
    dump = backup / "open_webui.dump"
    dump.write_bytes(dump.read_bytes()[:-2000])
    deployment.run(["bash", "-c", f"cd {backup} && sha256sum $(cut -c67- SHA256SUMS) > S && mv S SHA256SUMS"])
    said = deployment.run(["./restore", "--replace", backup], seconds=600, fails=True)
    assert "The databases are as they were" in said, said
    deployment.up()
    assert ask(deployment, "open_webui", "select count(*) from refused") == "0"
    ask(deployment, "open_webui", "drop table refused")
    is_well(world)


def ask(deployment, role, query):
    command = ["psql", "-XAtq", "--username", role, "--dbname", role, "--command", query]
    return deployment.compose("exec", "-T", "postgres", *command).strip()


# Of use to whoever wrote it as soon as a superuser fills the table.
EVIL = """
create function evil_ok() returns boolean language plpgsql as $$
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        alter role open_webui superuser;
    end if;
    return true;
end $$;
create table evil (t text check (evil_ok()));
insert into evil values ('harmless');
"""


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
    assert KEPT in groups and LATER not in groups, groups
    is_well(world)
