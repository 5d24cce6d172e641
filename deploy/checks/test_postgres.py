"""The scripts with which PostgreSQL starts and gets its roles, run as they are with the PostgreSQL of
the distribution. Only places and the port are others, and the extension, which it may lack."""

import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from doors.processes import free_port

from . import composed

PROGRAMS = ("gatehall", "open_webui", "authentik")
BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
# Nobody in particular: it refuses to run as root.
AS = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


class Cluster:
    def __init__(self, folder):
        self.folder, self.port, self.running = folder, free_port(), None
        self.secrets = folder / "secrets"
        self.data = folder / "cluster"
        for place in (self.secrets, folder / "run"):
            place.mkdir()
        for name in ("postgres", *(f"{it}_database" for it in PROGRAMS)):
            self.say(name, f"first of {name}")
        for name in ("start.sh", "prepare.sh"):
            text = (composed.FOLDER / "postgres" / name).read_text()
            text = text.replace("/run/secrets", str(self.secrets))
            text = text.replace("PGHOST=postgres ", "PGHOST=127.0.0.1 ")
            (folder / name).write_text(text.replace("if not exists vector", "if not exists plpgsql"))
        if AS:
            shutil.chown(folder, 65534, 65534)
            for path in folder.rglob("*"):
                shutil.chown(path, 65534, 65534)

    def say(self, name, password):
        (self.secrets / f"{name}_password").write_text(password)

    def environment(self, **more):
        path = f"{BINARIES}:{os.environ['PATH']}"
        return {"PATH": path, "PGDATA": str(self.data), "PGPORT": str(self.port), **more}

    def start(self, ends=False):
        """Runs start.sh until it listens, or to its end."""
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}"]
        # It need not outlive the machine.
        options += ["-c", f"unix_socket_directories={self.folder}/run", "-c", "fsync=off"]
        log = self.folder / "log"
        with open(log, "w") as out:
            command = [*AS, "sh", self.folder / "start.sh", *options]
            self.running = subprocess.Popen(
                command, stdout=out, stderr=out, env=self.environment(), cwd=self.folder
            )
        ready = [f"{BINARIES}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(600):
            if self.running.poll() is not None:
                break
            if subprocess.run(ready).returncode == 0:
                assert not ends, log.read_text()
                return log.read_text()
            time.sleep(0.05)
        assert ends and self.running.returncode, log.read_text()
        return log.read_text()

    def stop(self):
        if self.running and self.running.poll() is None:
            # A fast shutdown, as the image's own signal is.
            self.running.send_signal(2)
            self.running.wait(60)

    def prepare(self, fails=False):
        command = ["sh", self.folder / "prepare.sh"]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment())
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def ask(self, role, password, database, query="select current_user"):
        command = [f"{BINARIES}/psql", "-XAtq", "-h", "127.0.0.1", "-U", role, "-c", query, database]
        environment = self.environment(PGPASSWORD=password)
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        return done.stdout.strip() if done.returncode == 0 else done.stderr


@contextlib.contextmanager
def cluster():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehall-cluster."))
    folder.chmod(0o755)
    one = Cluster(folder)
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_each_program_has_a_role_and_reaches_its_own_database_alone(world):
    with cluster() as one:
        one.start()
        for _ in range(2):
            one.prepare()
        for role in PROGRAMS:
            password = f"first of {role}_database"
            for database in (*PROGRAMS, "postgres", "template1"):
                said = one.ask(role, password, database)
                if role == database:
                    assert said == role, said
                else:
                    assert "no pg_hba.conf entry" in said, said
            assert "authentication failed" in one.ask(role, "wrong", role)
            what = "rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication"
            query = f"select {what} from pg_roles where rolname = current_user"
            assert one.ask(role, password, role, query) == "f"
            assert one.ask(role, password, role, "create table t (a int)") == ""


def test_changed_passwords_are_taken_over(world):
    with cluster() as one:
        one.start()
        one.prepare()
        one.say("gatehall_database", "it's another")
        one.prepare()
        assert one.ask("gatehall", "it's another", "gatehall") == "gatehall"
        assert "failed" in one.ask("gatehall", "first of gatehall_database", "gatehall")
        one.stop()
        one.say("postgres", "it's another, too")
        assert "Giving the superuser the password" in one.start()
        one.prepare()
        assert one.ask("postgres", "it's another, too", "postgres") == "postgres"
        assert "failed" in one.ask("postgres", "first of postgres", "postgres")
        one.stop()
        assert "Giving the superuser" not in one.start()


def test_a_cluster_that_was_cut_off_while_it_was_made_is_made_anew(world):
    with cluster() as one:
        # What is left of it has a version, and nothing that works.
        half = one.folder / "cluster.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("17\n")
        if AS:
            shutil.chown(half, 65534, 65534)
            shutil.chown(half / "PG_VERSION", 65534, 65534)
        one.start()
        one.prepare()


def test_a_volume_of_another_major_version_is_told_in_words_and_left_alone(world):
    with cluster() as one:
        one.start()
        one.prepare()
        one.stop()
        version = one.data / "PG_VERSION"
        mine = version.read_text().strip()
        version.write_text("9\n")
        said = one.start(ends=True)
        assert f"is of PostgreSQL 9, and this image is PostgreSQL {mine}" in said, said
        assert "POSTGRES_IMAGE" in said and "Nothing was changed" in said, said
        version.write_text(f"{mine}\n")
        one.start()
        assert one.ask("gatehall", "first of gatehall_database", "gatehall") == "gatehall"


def test_an_empty_password_is_named(world):
    with cluster() as one:
        one.say("postgres", "")
        assert "secrets/postgres_password is empty" in one.start(ends=True)
        one.say("postgres", "first of postgres")
        one.start()
        one.say("authentik_database", "")
        assert "secrets/authentik_database_password is empty" in one.prepare(fails=True)
