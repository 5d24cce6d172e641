"""The scripts of the folder, with an engine that only notes what it was asked. What files say is read
by the real Compose."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

from doors.runner import table

from . import composed

DOCS = composed.FOLDER.parents[1] / "docs"
# What it is asked, and what it is told by its environment. A dump is anything, an archive has nothing.
ENGINE = """\
#!/bin/sh
case " $* " in *" config "*) exec {real} "$@" ;; esac
printf '%s\\n' "$*" >> {place}/asked
env > {place}/told
case "$*" in
    *' tar volumes --create'*) tar --create --gzip --files-from=/dev/null ;;
    'image inspect'*) echo "docker.io/${{5%:*}}@sha256:{digest}" ;;
esac
"""
DIGEST = "d" * 64


class Scripts:
    """A copy of the folder."""

    def __init__(self, place):
        self.place = place
        self.folder = composed.copy(place / "deployment")
        self.bin = place / "bin"
        self.bin.mkdir()
        real = shutil.which("docker")
        self.stand_in("docker", ENGINE.format(real=real, place=place, digest=DIGEST))

    def stand_in(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, *command, fails=False, **environment):
        env = {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.place), **environment}
        command = [self.folder / command[0], *command[1:]]
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=self.place)
        assert (done.returncode != 0) == fails, (done.stdout, done.stderr)
        return done.stdout + done.stderr

    def rewrite(self, change):
        file = self.folder / ".env"
        file.write_bytes(change(file.read_text()).encode())

    def asked(self):
        return (self.place / "asked").read_text()

    def backups(self, folder="backups"):
        return sorted((self.folder / folder).glob("????-*"))


@contextlib.contextmanager
def scripts():
    with tempfile.TemporaryDirectory() as place:
        yield Scripts(pathlib.Path(place))


def line(name, rest, before=""):
    """Replaces the line of a variable."""
    return lambda text: re.sub(rf"(?m)^{name}=.*$", lambda _: f"{before}{name}{rest}", text)


SPELLED = [
    ("as init writes it", line("GATEHALL_IMAGE", "=gatehall:0.1.0")),
    ("single quotes", line("GATEHALL_IMAGE", "='gatehall:0.1.0'")),
    ("double quotes", line("GATEHALL_IMAGE", '="gatehall:0.1.0"')),
    ("a comment", line("GATEHALL_IMAGE", "=gatehall:0.1.0 # built here")),
    ("blanks", line("GATEHALL_IMAGE", " = gatehall:0.1.0  ")),
    ("exported", line("GATEHALL_IMAGE", "=gatehall:0.1.0", "export ")),
    ("lines of Windows", lambda text: text.replace("\n", "\r\n")),
    ("a variable", line("GATEHALL_IMAGE", "=gatehall:${VERSION:-0.1.0}")),
]


@table(SPELLED)
def test_an_image_is_read_as_compose_reads_it(world, how, change):
    with scripts() as one:
        one.rewrite(change)
        one.run("gatehall", "init", "compose")
        one.run("gatehall", "doctor", "--folder", ".")
        for call in one.asked().splitlines():
            assert re.search(r" gatehall:0\.1\.0 (init compose|doctor --folder \.)$", call), call
        one.run("backup")
        assert "save gatehall:0.1.0\n" in one.asked(), one.asked()
        assert one.run("pin", "--show", "GATEHALL_IMAGE") == "gatehall:0.1.0\n"


@table(SPELLED[:-1])
def test_a_digest_is_written_behind_the_tag_and_nothing_else_changes(world, how, change):
    with scripts() as one:
        one.rewrite(change)
        before = (one.folder / ".env").read_bytes().decode()
        # A second time changes nothing.
        for names in [(), ("GATEHALL_IMAGE",)]:
            said = one.run("pin", *names)
            assert f"GATEHALL_IMAGE=gatehall:0.1.0@sha256:{DIGEST}\n" in said, said
            now = (one.folder / ".env").read_bytes().decode()
            # Neither Authentik nor what the examples are built on is used.
            assert now.count(DIGEST) == 5, now
            assert now.replace(f"@sha256:{DIGEST}", "") == before


def test_what_is_in_the_file_in_other_words_is_not_pinned(world):
    with scripts() as one:
        one.rewrite(SPELLED[-1][1])
        before = (one.folder / ".env").read_text()
        said = one.run("pin", "GATEHALL_IMAGE", fails=True)
        assert f"write gatehall:0.1.0@sha256:{DIGEST}" in said, said
        assert (one.folder / ".env").read_text() == before
        assert "NO_IMAGE" in one.run("pin", "NO_IMAGE", fails=True)


def test_settings_that_were_lost_are_made_again(world):
    with scripts() as one:
        (one.folder / ".env").unlink()
        assert "no .env" in one.run("gatehall", "init", "compose")
        one.run("gatehall", "init", "compose", GATEHALL_IMAGE="registry.example/gatehall:1")
        first, second = one.asked().splitlines()
        assert " gatehall:0.1.0 init" in first, first
        assert " registry.example/gatehall:1 init" in second, second
        # Of a file that lacks it alone, too.
        composed.write_env(one.folder, GATEHALL_IMAGE=None)
        one.run("gatehall", "init", "compose")
        assert " gatehall:0.1.0 init" in one.asked().splitlines()[-1], one.asked()


def test_the_variables_of_the_page_get_to_the_program(world):
    page = (DOCS / "init.md").read_text().split("\n## What it asks\n")[1].partition("\n## ")[0]
    names = set(re.findall(r"`(GATEHALL_[A-Z_]+)`", page))
    assert len(names) > 10, names
    with scripts() as one:
        one.run("gatehall", "init", "compose", **{it: f"value of {it}" for it in names})
        words = one.asked().split()
        given = {name for flag, name in zip(words, words[1:]) if flag == "--env"}
        assert names <= given, names - given
        told = (one.place / "told").read_text().splitlines()
        assert all(f"{it}=value of {it}" in told for it in names), told
        assert "value of" not in one.asked(), "a list of processes shows it"
        # Those of the image are those of a gate.
        one.run("gatehall", "init", "compose", GATEHALL_DATA_DIR="/x", GATEHALL_LISTEN="[::]:1")
        told = (one.place / "told").read_text()
        assert "GATEHALL_DATA_DIR" not in told and "GATEHALL_LISTEN" not in told


@table([("backup", "--help"), ("backup", "a", "b"), ("restore", "--help"), ("restore", "--drill"), ("pin", "--help"), ("pin", "--show")])  # fmt: skip
def test_what_is_not_understood_is_answered_by_what_is(world, name, *words):
    with scripts() as one:
        before = sorted(one.place.rglob("*"))
        said = one.run(name, *words, fails=True)
        assert f"./{name}" in said and "#" not in said and "\nset " not in said, said
        assert sorted(one.place.rglob("*")) == before


def test_how_long_backups_stay_is_looked_at_before_one_is_made(world):
    with scripts() as one:
        assert "KEEP_DAYS" in one.run("backup", fails=True, KEEP_DAYS="two weeks")
        assert not one.backups()


def packed(backup):
    with tarfile.open(backup / "deployment.tar.gz") as archive:
        return set(archive.getnames())


@table([("backups",), ("dumps",), ("kept/here",), (".",)])
def test_a_backup_may_lie_anywhere_and_has_no_other_in_it(world, into):
    with scripts() as one:
        old = one.folder / "elsewhere/2026-01-01T000000Z"
        old.mkdir(parents=True)
        (old / "SHA256SUMS").touch()
        one.run("backup", one.folder / into)
        (made,) = one.backups(into)
        there = packed(made)
        assert {"./.env", "./secrets", "./compose.yaml", "./backup"} <= there
        assert not [it for it in there if "draft" in it or "2026-01-01" in it], there


def test_a_backup_never_gets_into_another(world):
    with scripts() as one:
        one.stand_in("date", "#!/bin/sh\necho 2026-11-28T023000Z\n")
        one.run("backup")
        (made,) = one.backups()
        before = sorted(it.name for it in made.iterdir())
        one.run("backup", fails=True)
        assert sorted(it.name for it in made.iterdir()) == before
        assert [it.name for it in (one.folder / "backups").iterdir()] == [made.name]


def test_an_old_backup_is_there_until_it_is_restored_and_after(world):
    with scripts() as one:
        one.run("backup")
        (made,) = one.backups()
        old = made.rename(made.parent / "2026-01-01T000000Z")
        os.utime(old, (1_767_225_600, 1_767_225_600))
        one.run("restore", "--replace", old)
        kept, new = one.backups()
        assert kept == old, one.backups()
        # It goes with the next, which may be of the same second as the last.
        new.rename(new.parent / "2026-01-02T000000Z")
        one.run("backup")
        assert old not in one.backups()


def test_commands_of_the_page_read_settings_as_compose_does(world):
    page = (DOCS / "operations.md").read_text()
    asked = set(re.findall(r'"\$\((.*?)\)"', page))
    assert asked
    with scripts() as one:
        image = "registry.example/pgvector:pg17"
        one.rewrite(line("POSTGRES_IMAGE", f'="{image}" # ours'))
        for command in asked:
            words = command.split()
            assert one.run(*words) == f"{image}\n", command
