"""PostgreSQL of the distribution, started and given its roles by the scripts as they are. Only places
and the port are others, and the extension, which it may lack: another that only a superuser may make."""

import contextlib
import glob
import os
import pathlib
import re
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
        for name in ("start.sh", "prepare.sh", "dumps.sh"):
            text = (composed.FOLDER / "postgres" / name).read_text()
            text = text.replace("/run/secrets", str(self.secrets))
            text = text.replace("PGHOST=postgres ", "PGHOST=127.0.0.1 ")
            (folder / name).write_text(re.sub(r"\bvector\b", "bloom", text))
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

    def dumps(self, do, database="", dump=None, fails=False):
        """What ./backup and ./restore do inside; gives what it writes."""
        command = [*AS, "sh", self.folder / "dumps.sh", do, database]
        environment = self.environment(PGHOST=f"{self.folder}/run", TMPDIR=str(self.folder))
        done = subprocess.run(command, input=dump, capture_output=True, env=environment)
        assert (done.returncode != 0) is fails, done.stderr.decode()
        return done.stdout

    def restore(self, dumps):
        """As ./restore does it."""
        self.dumps("aside")
        self.prepare()
        for database, dump in dumps.items():
            self.dumps("list", database, dump)
            self.dumps("fill", database, dump)
        self.dumps("keep")

    def as_superuser(self, query, database="postgres"):
        password = (self.secrets / "postgres_password").read_text()
        return self.ask("postgres", password, database, query)

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
