"""Backup and restore, and what docs/operations.md has to copy."""

import json
import os
import re
import shutil
import uuid

from doors.runner import table

from . import engine
from .place import ROOT
from .test_mending import is_well
from .world import tenant

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


def looked(deployment):
    """What the doctor finds of the folder: its findings by subject and state."""
    # The names of the public side are known to no name server, so that not all is well for it.
    said = deployment.run(["./gatehall", "doctor", "--folder", ".", "--json"], fails=True)
    findings = json.JSONDecoder().raw_decode(said[said.index("[") :])[0]
    return {(it["subject"], it["state"]): it for it in findings}


def test_the_doctor_finds_the_folder_and_the_machine_as_they_should_be(world):
    found = looked(world.deployment)
    assert HEALTHY <= found.keys(), found
    bad = {subject for subject, state in found if state == "bad"}
    assert not bad & {subject for subject, _ in HEALTHY}, found


HEALTHY = {
    (subject, "good")
    for subject in [
        "variables in .env",
        "modes of the secrets",
        "secrets of the folder",
        "copies of secrets",
        "port 80 of this machine",
        "port 443 of this machine",
    ]
}


def test_the_doctor_finds_a_secret_that_is_shown_and_one_that_differs(world):
    deployment = world.deployment
    file = deployment.secrets / "open-webui.env"
    kept, mode = file.read_text(), file.stat().st_mode
    file.write_text(kept.replace(deployment.secret("open_webui_user_secret"), "another one"))
    file.chmod(0o644)
    try:
        found = looked(deployment)
        assert "secrets/open-webui.env" in found["copies of secrets", "bad"]["found"], found
        assert "chmod 600" in found["modes of the secrets", "doubtful"]["remedy"], found
    finally:
        file.write_text(kept)
        file.chmod(mode)


def test_a_tenant_is_added_as_the_page_says(world):
    section = PAGE.split("\n## Another tenant\n")[1]
    commands = re.search(r"```sh\n(.*?)```", section, re.S)[1].splitlines()
    file = world.deployment.folder / "acme.toml"
    file.write_text(tenant("acme", "acme-employees", "zoe@acme.example"))
    for line in commands:
        said = world.deployment.run(["bash", "-euo", "pipefail", "-c", line])
    assert "acme" in said, said


def replaced(world):
    """Something is backed up, changes, and is put back from the backup, once for several tests."""
    if not hasattr(world, "replaced"):
        world.replaced = Replaced(world)
    return world.replaced


class Replaced:
    def __init__(self, world):
        self.world, self.deployment = world, world.deployment
        self.alice = world.person("alice")
        kept = {"chat": {"title": "kept", "messages": []}}
        self.chat = self.alice.ask("POST", "/api/v1/chats/new", kept)["id"]
        self.deployment.gatehall("group", "add", KEPT)
        ask(self.deployment, "open_webui", EVIL)
        # Off site, too: to a disk that stands in for it.
        self.off_site = {"RESTIC_REPOSITORY": str(world.processes.folder / "off-site")}
        self.off_site["RESTIC_PASSWORD"] = "the password of the repository"
        self.backup = make(self.deployment, **self.off_site)
        self.deployment.run(["./restore", "--drill", self.backup], seconds=300)
        names = engine.docker("ps", "--all", "--format", "{{.Names}}").split()
        self.left_of_the_drill = [it for it in names if "drill" in it]
        # What came after the backup goes, what was there comes back.
        self.deployment.gatehall("group", "add", LATER)
        self.alice.ask("DELETE", f"/api/v1/chats/{self.chat}")
        self.deployment.run(["./restore", "--replace", self.backup], seconds=600)

    def is_there(self):
        """The sign-ins of before last, and so does what was written."""
        assert self.alice.ask("GET", f"/api/v1/chats/{self.chat}")["chat"]["title"] == "kept"
        listed = json.loads(self.deployment.gatehall("group", "list", "--json"))
        groups = {it["name"] for it in listed}
        assert KEPT in groups and LATER not in groups, groups
        is_well(self.world)


def test_a_backup_has_all_and_is_nobody_elses(world):
    backup = replaced(world).backup
    assert backup.stat().st_mode & 0o077 == 0, oct(backup.stat().st_mode)
    assert {it.name for it in backup.iterdir()} >= {
        "gatehall.dump", "open_webui.dump", "volumes.tar.gz", "deployment.tar.gz", "gatehall-image.tar.gz", "SHA256SUMS",
    }  # fmt: skip


def test_a_drill_leaves_nothing(world):
    assert not replaced(world).left_of_the_drill, replaced(world).left_of_the_drill


def test_a_backup_takes_the_place_of_what_is_there(world):
    replaced(world).is_there()


def test_what_a_program_wrote_never_runs_as_the_superuser(world):
    """Neither when it is backed up nor when it is put back."""
    deployment = replaced(world).deployment
    supers = "select string_agg(rolname, ' ') from pg_roles where rolsuper"
    assert ask(deployment, "postgres", supers) == "postgres"
    assert ask(deployment, "open_webui", "select t from evil") == "harmless"


def test_a_backup_comes_back_from_off_site(world):
    there = replaced(world)
    folder = world.processes.folder / "from-off-site"
    command = ["restic", "restore", "latest", "--tag", "gatehall", "--target", folder]
    world.deployment.run(command, env={**os.environ, **there.off_site})
    # It lies where it lay, below the folder.
    copy = folder / there.backup.relative_to("/")
    engine.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=copy)


def test_a_wrong_password_makes_no_other_repository(world):
    wrong = {**replaced(world).off_site, "RESTIC_PASSWORD": "another one"}
    said = make(world.deployment, fails=True, **wrong)
    assert "wrong password" in said and "created restic repository" not in said, said


def test_a_new_server_has_the_backup_alone(world):
    """And what restic's user unpacks of it."""
    there, deployment = replaced(world), world.deployment
    deployment.compose("down", "--volumes", "--timeout", "5")
    deployment.lose("backups", "compose.override.yaml")
    section = PAGE.split("\n## Restore\n")[1].partition("\n## ")[0]
    block = next(it for it in re.findall(r"```sh\n(.*?)```", section, re.S) if "./restore" in it)
    name = there.backup.name
    command = re.sub(r"\d{4}-\d\d-\d\dT\d{6}Z", name, block).replace("cd /opt/gatehall\n", "")
    deployment.run(["bash", "-euo", "pipefail", "-c", command], seconds=600)
    there.is_there()


def test_a_restore_that_fails_puts_back_what_was_there(world):
    deployment = world.deployment
    ask(deployment, "open_webui", "create table refused (a int)")
    backup = make(deployment)
    # A dump that is listed and cannot be filled in, with checksums that fit.
    dump = backup / "open_webui.dump"
    dump.write_bytes(dump.read_bytes()[:-2000])
    deployment.run(
        ["bash", "-c", f"cd {backup} && sha256sum $(cut -c67- SHA256SUMS) > S && mv S SHA256SUMS"]
    )
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
    backup = shutil.copytree(replaced(world).backup, world.processes.folder / "damaged")
    with open(backup / "gatehall.dump", "r+b") as file:
        file.seek(200)
        file.write(b"damage")
    said = deployment.run(["./restore", "--replace", backup], fails=True)
    assert "Nothing was changed" in said, said
    is_well(world)


def test_data_is_not_restored_over_by_mistake(world):
    deployment = world.deployment
    said = deployment.run(["./restore", replaced(world).backup], fails=True)
    assert "./restore --replace" in said and "Nothing was changed" in said, said
    is_well(world)


def make(deployment, fails=False, **variables):
    """Makes a backup and gives where it is; what was said, if it is to fail."""
    said = deployment.run(["./backup"], seconds=300, fails=fails, env={**os.environ, **variables})
    return said if fails else max((deployment.folder / "backups").glob("????-*"))
