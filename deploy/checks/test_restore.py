"""Dumps, and what becomes of them: the databases with a real PostgreSQL, and what ./restore refuses."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from doors.runner import table
from doors.world import GATEHALL

from . import composed
from .cluster import PROGRAMS, cluster

FILES = [f"{it}.dump" for it in PROGRAMS]
FILES += ["deployment.tar.gz", "images.txt", "volumes.tar.gz"]
# There unless a registry has it.
IMAGE = "gatehall-image.tar.gz"

# If a superuser asks for it, the role becomes one, and a command runs that leaves a mark.
EVIL = """
create function ok() returns boolean language plpgsql as $$
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        alter role open_webui superuser;
        copy (select 1) to program 'cat > {mark}';
    end if;
    return true;
end $$;
create table note (t text check (ok()));
insert into note values ('harmless');
"""


def mine(role, one, query):
    return one.ask(role, f"first of {role}_database", role, query)


def gate(one, *arguments):
    """The real program, whose tables are in this PostgreSQL."""
    command = [GATEHALL, "--data-dir", one.folder / "data", *arguments]
    # As an own file it has to be closed to others; in a container it is mounted.
    password = one.folder / "password"
    password.write_text("first of gatehall_database")
    password.chmod(0o600)
    variables = {
        "GATEHALL_DATABASE": f"postgres://gatehall@127.0.0.1:{one.port}/gatehall",
        "GATEHALL_DATABASE_PASSWORD_FILE": str(password),
    }
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_the_gate_keeps_comes_back_whole_and_what_came_later_goes(world):
    with cluster() as one:
        one.start()
        one.prepare()
        gate(one, "tenant", "add", "acme", "--name", "Acme")
        gate(one, "group", "add", "kept")
        count = "select count(*) from pg_tables where schemaname = 'gatehall'"
        tables = mine("gatehall", one, count)
        walled = "select count(*) from pg_class where relforcerowsecurity"
        walls = mine("gatehall", one, walled)
        assert int(tables) > 10 and int(walls) > 0, (tables, walls)
        # With this a session sees a part of the rows alone.
        one.as_superuser("alter role gatehall set gatehall.tenant = 'nobody'")
        dumps = {it: one.dumps("dump", it) for it in PROGRAMS}
        one.as_superuser("alter role gatehall reset gatehall.tenant")
        gate(one, "group", "add", "later")
        mine("gatehall", one, "create table gatehall.later (a int)")
        one.restore(dumps)
        assert "Acme" in gate(one, "tenant", "list")
        groups = gate(one, "group", "list")
        assert "kept" in groups and "later" not in groups, groups
        assert mine("gatehall", one, count) == tables
        assert mine("gatehall", one, walled) == walls
        owners = "select distinct tableowner from pg_tables where schemaname = 'gatehall'"
        assert mine("gatehall", one, owners) == "gatehall"
        assert int(one.dumps("rows", "gatehall")) > 0
        left = "select datname from pg_database where datname ~ '_(before|gone)$'"
        assert one.as_superuser(left) == ""


def test_an_extension_of_the_superuser_is_there_again_and_so_is_what_needs_it(world):
    with cluster() as one:
        one.start()
        one.prepare()
        mine("open_webui", one, "create table t (a int); create index on t using bloom (a)")
        mine("open_webui", one, "insert into t select generate_series(1, 100)")
        one.restore({"open_webui": one.dumps("dump", "open_webui")})
        assert mine("open_webui", one, "select count(*) from t") == "100"
        owner = "select extowner::regrole from pg_extension where extname = 'bloom'"
        assert mine("open_webui", one, owner) == "postgres"


def test_a_dump_makes_nobody_a_superuser(world):
    with cluster() as one:
        one.start()
        one.prepare()
        mark = one.folder / "run/mark"
        assert mine("open_webui", one, EVIL.format(mark=mark)) == ""
        one.restore({"open_webui": one.dumps("dump", "open_webui")})
        is_one = "select rolsuper from pg_roles where rolname = 'open_webui'"
        assert one.as_superuser(is_one) == "f"
        assert not mark.exists()
        assert mine("open_webui", one, "select t from note") == "harmless"
        # It would have.
        one.as_superuser("update note set t = t", "open_webui")
        assert one.as_superuser(is_one) == "t" and mark.exists()


def test_a_restore_that_fails_or_is_cut_off_leaves_what_was_there(world):
    with cluster() as one:
        one.start()
        one.prepare()
        mine("gatehall", one, "create table t (a int)")
        dump = one.dumps("dump", "gatehall")
        mine("gatehall", one, "insert into t values (42)")
        one.dumps("aside")
        one.prepare()
        one.dumps("list", "gatehall", dump)
        one.dumps("fill", "gatehall", dump[: len(dump) // 2], fails=True)
        assert "does not exist" in mine("gatehall", one, "select a from t")
        for _ in range(2):
            one.dumps("back")
            assert mine("gatehall", one, "select a from t") == "42"
        # Cut off, and begun anew.
        one.dumps("aside")
        one.restore({"gatehall": dump})
        assert mine("gatehall", one, "select count(*) from t") == "0"


def test_a_database_has_one_of_three_names(world):
    with cluster() as one:
        one.start()
        for name in ("postgres", "host=203.0.113.1 dbname=x", "gatehall_before"):
            for do in ("dump", "list", "fill", "rows"):
                one.dumps(do, name, b"", fails=True)


def backup(folder):
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"what is in {name}")
    lines = [f"{hashlib.sha256((folder / it).read_bytes()).hexdigest()}  {it}" for it in FILES]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return folder


def refused(change, files=(".env", "secrets")):
    """What ./restore says; nothing if it goes on as far as the engine, of which there is none."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        shutil.copy(composed.FOLDER / "restore", place)
        for name in files:
            (place / name).mkdir()
        (place / "bin").mkdir()
        engine = place / "bin/docker"
        engine.write_text(f"#!/bin/sh\ntouch {place}/asked\nexit 1\n")
        engine.chmod(0o755)
        change(backup(place / "backup"))
        before = sorted(place.rglob("*"))
        path = f"{engine.parent}:{os.environ['PATH']}"
        command = [place / "restore", "--replace", place / "backup"]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": path})
        assert done.returncode != 0
        if (place / "asked").exists():
            return None
        assert sorted(place.rglob("*")) == before, "something was unpacked"
        assert "Nothing was changed" in done.stderr, done.stderr
        return done.stderr


def unlisted(folder, *names):
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    kept = [f"{it}\n" for it in sums if it.split()[1] not in names]
    (folder / "SHA256SUMS").write_text("".join(kept))


def listed(folder, name):
    (folder / name).write_text("more")
    with open(folder / "SHA256SUMS", "a") as sums:
        sums.write(f"{hashlib.sha256(b'more').hexdigest()}  {name}\n")


def linked(folder):
    (folder / "gatehall.dump").rename(folder.parent / "elsewhere")
    (folder / "gatehall.dump").symlink_to(folder.parent / "elsewhere")


def test_a_whole_backup_is_not_refused(world):
    assert refused(lambda folder: None) is None
    assert refused(lambda folder: listed(folder, IMAGE)) is None


@table(
    [
        ("no checksum", lambda folder: unlisted(folder, "volumes.tar.gz")),
        ("one checksum alone", lambda folder: unlisted(folder, *(set(FILES) - {"images.txt"}))),
        ("no checksums", lambda folder: (folder / "SHA256SUMS").unlink()),
        ("a file is missing", lambda folder: (folder / "authentik.dump").unlink()),
        ("a file more", lambda folder: (folder / "note").touch()),
        ("a folder more", lambda folder: (folder / "more").mkdir()),
        ("a dump more", lambda folder: listed(folder, "host=203.0.113.1 dbname=x.dump")),
        ("a dump of the superuser's", lambda folder: listed(folder, "postgres.dump")),
        ("an image without a checksum", lambda folder: (folder / IMAGE).touch()),
        ("a link", linked),
        ("other content", lambda folder: (folder / "gatehall.dump").write_text("other")),
    ]
)
def test_what_is_not_just_a_backup_is_refused(world, what, change):
    assert refused(change), what


@table([((),), ((".env",),), (("secrets",),)])
def test_settings_are_not_unpacked_unasked(world, files):
    said = refused(lambda folder: None, files)
    assert said and "tar --extract" in said, said
