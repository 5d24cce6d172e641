"""Starts what deploy/compose describes, two replicas of the gate and of Open WebUI, all of it side by
side."""

import concurrent.futures
import os
import pathlib
import secrets
import ssl
import sys
import urllib.parse

from chat.world import CHAT, PYTHON, answers
from chat.world import OPEN_WEBUI as HERE
from doors.processes import free_port
from doors.world import DOORS, GATEHALL, ROOT, TOOL_SERVER, TOOLS, Provider

from . import certificate
from .shipped import Shipped

WALK = pathlib.Path(__file__).resolve().parents[1]
DOMAIN = "walk.localhost"
GATES = ["gate-1", "gate-2"]
CHATS = ["chat-1", "chat-2"]
# The second chat's proofs end while a turn is under way, see test_long.
SHORT = 3

# What a page does by itself in the background is no message of these tests, and there is no network.
AROUND = {
    name: HERE[name]
    for name in [
        "USE_SLIM_DOCKER",
        "OFFLINE_MODE",
        "ENABLE_TITLE_GENERATION",
        "ENABLE_TAGS_GENERATION",
        "ENABLE_FOLLOW_UP_GENERATION",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
    ]
}


class Deployment:
    domain = DOMAIN

    def __init__(self, processes):
        self.processes = processes
        self.folder = processes.folder
        every = ["web", "websecure", "ping", "provider", "model", "valkey", "gate", "chat"]
        self.ports = {name: free_port() for name in [*every, *GATES, *CHATS]}
        # Programs end with the thread that started them, so these live as long as this does.
        self.starting = concurrent.futures.ThreadPoolExecutor()

    # Where people find it.

    def url(self, host, path=""):
        return f"https://{host}.{DOMAIN}:{self.ports['websecure']}{path}"

    def inside(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    # All of it, as far as one thing does not wait for another.

    def start(self):
        self._make_files()
        pool = self.starting
        stores = pool.submit(self._start_stores)
        provider = pool.submit(self._start_provider)
        traefik = pool.submit(self._start_traefik)
        self._start_model()
        self._start_balancers()
        stores.result()
        first = pool.submit(self.start_chat, "chat-1")
        provider.result()
        self._prepare_gate()
        gates = [pool.submit(self.start_gate, name) for name in GATES]
        first.result()
        # The first has made the tables.
        short = {"FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS": str(SHORT)}
        second = pool.submit(self.start_chat, "chat-2", ENABLE_DB_MIGRATIONS="false", **short)
        for each in gates:
            each.result()
        self._set_up_chat()
        for each in (second, traefik):
            each.result()

    def _make_files(self):
        """As whoever deploys it does."""
        folder = self.folder / "deployment"
        secret = self.folder / "client_secret"
        secret.write_text(secrets.token_hex(24))
        key = {"GATEHALL_OPENAI_API_KEY": "none-is-asked-for"}
        command = [GATEHALL, "init", "compose", "--folder", folder, "--domain", DOMAIN]
        command += ["--admin-email", "ada@google.example", "--acme-email", "ada@google.example"]
        command += ["--people-domains", "google.example,microsoft.example"]
        command += ["--provider", "generic", "--provider-client-id", "gatehall"]
        command += ["--provider-issuer", ISSUER, "--provider-client-secret-file", secret]
        command += ["--openai-api-base-url", MODEL, "--default-model", "told"]
        self.processes.run("gatehall-init", command, key)
        self.secrets = folder / "secrets"
        # Containers have it mounted, which nobody else reads.
        (self.secrets / "vault.keys").chmod(0o600)
        port = self.ports["websecure"]
        places = {
            ISSUER: self.inside("provider"),
            MODEL: f"{self.inside('model')}/v1",
            "http://gatehall:8080": self.inside("gate"),
            "http://open-webui:8080": self.inside("chat"),
            "@valkey:6379/": f"@127.0.0.1:{self.ports['valkey']}/",
            "/run/secrets/vault_keys": self.secrets / "vault.keys",
            "/run/secrets": self.secrets,
            **{f"https://{it}.{DOMAIN}": f"https://{it}.{DOMAIN}:{port}" for it in ("app", "admin")},
        }
        # Documents are cut up and searched; all visitors come from one address.
        different = {
            "BYPASS_EMBEDDING_AND_RETRIEVAL": "false",
            "EMBEDDING_MODEL": "told",
            "GATE_SUBNET": "127.0.0.1/32",
            "RATE_LIMIT_AVERAGE": "100000",
            "RATE_LIMIT_BURST": "100000",
        }
        self.shipped = Shipped(folder, places, different)
        self.digest = certificate.make(DOMAIN, self.folder / "traefik")
        file = self.folder / "traefik/certificate.pem"
        self.tls = ssl.create_default_context(cafile=file)

    def secret(self, name):
        return (self.secrets / name).read_text()

    def restart(self, name):
        """Begins to start a replica that has ended, and gives what waits for it."""
        if name in GATES:
            return self.starting.submit(self.start_gate, name)
        return self.starting.submit(self.start_chat, name, ENABLE_DB_MIGRATIONS="false")

    # What keeps data.

    def _start_stores(self):
        programs = TOOLS / "stores/postgres"
        script = [ROOT / "scripts/postgres", os.getpid(), programs, "postgres"]
        address = self.processes.run("postgres", script).strip()
        place = urllib.parse.urlsplit(address)
        self.shipped.places["@postgres/"] = f"@{place.hostname}:{place.port}/"
        prepare = self.shipped.file(
            "postgres/prepare.sh", self.folder / "prepare.sh", **{"PGHOST=postgres": ""}
        )
        path = f"{programs / 'bin'}:{os.environ['PATH']}"
        env = {"LD_LIBRARY_PATH": str(programs / "lib"), "PATH": path}
        env |= {"PGHOST": place.hostname, "PGPORT": str(place.port)}
        self.processes.run("postgres-prepare", ["sh", prepare], env)
        self.processes.run("postgres-prepare", ["psql", address, "--command", PASSWORDS], env)
        port = self.ports["valkey"]
        folder = self.folder / "valkey"
        folder.mkdir()
        listen = f"bind 127.0.0.1\nport {port}\ndir {folder}"
        start = self.shipped.file("valkey/start.sh", folder / "start.sh", **{"dir /data": listen})
        path = f"{TOOLS / 'stores'}:{os.environ['PATH']}"
        self.processes.start("valkey", ["sh", start], {"PATH": path}, port)

    # What is outside.

    def _start_provider(self):
        port = self.ports["provider"]
        command = ["node", DOORS / "provider.mjs", "--port", port, "--profile", "generic"]
        command += ["--accounts", WALK / "accounts.json"]
        command += ["--redirect", self.url("admin", "/oauth2/callback")]
        for path in ("/", "/oauth2/signed_out"):
            command += ["--post-logout", self.url("admin", path)]
        secret = self.secret("provider_client_secret")
        env = {"GATEHALL_TEST_TOOLS": str(TOOLS), "PROVIDER_CLIENT_SECRET": secret}
        self.processes.start("provider", command, env, port)
        self.provider = Provider(port, self.inside("provider"), "generic")

    def _start_model(self):
        port = self.ports["model"]
        self.processes.start("model", [PYTHON, CHAT / "model_server.py", "--port", port], port=port)

    # The doors.

    def _start_balancers(self):
        for name, replicas in (("gate", GATES), ("chat", CHATS)):
            port = self.ports[name]
            command = [sys.executable, WALK / "balancer.py", "--port", port]
            for each in replicas:
                command += ["--to", self.ports[each]]
            self.processes.start(f"{name}-balancer", command, {"PYTHONPATH": ""}, port)

    def _start_traefik(self):
        folder = self.folder / "traefik"
        for name in ("middlewares", "routes"):
            self.shipped.file(f"traefik/dynamic/{name}.yaml", folder / f"dynamic/{name}.yaml")
        (folder / "dynamic/certificate.yaml").write_text(CERTIFICATE.format(folder=folder))
        ports = [self.ports[name] for name in ("web", "websecure", "ping")]
        command = [TOOLS / "doors/bin/traefik", *self.shipped.traefik(*ports, folder / "dynamic")]
        env = self.shipped.environment("traefik")
        self.processes.start("traefik", command, env, self.ports["websecure"])

    # The gate.

    def gate_environment(self, service="gatehall", data="commands"):
        return {
            **self.shipped.environment(service, **{"/data": self.folder / data}),
            # All visitors come from one address.
            "GATEHALL_SIGN_INS_PER_MINUTE": "0",
            "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE": "0",
        }

    def gatehall(self, *arguments, fails=False):
        """Runs a command of Gatehall on the database that the replicas serve."""
        env = self.gate_environment("gatehall-prepare")
        return self.processes.run("gatehall-commands", [GATEHALL, *arguments], env, fails=fails)

    def _prepare_gate(self):
        file = self.shipped.file("company.toml", self.folder / "company.toml")
        self.gatehall(*self.shipped.command("gatehall-prepare", **{COMPANY: file}))
        own = (WALK / "company.toml").read_text()
        path = self.folder / "walk.toml"
        path.write_text(own.replace("{{TOOL_SERVER}}", str(TOOL_SERVER)))
        self.gatehall("import", "--apply", path)

    def _set_up_chat(self):
        service = "open-webui-setup"
        command = [GATEHALL, *self.shipped.command(service)]
        self.processes.run(service, command, self.gate_environment(service), 120)

    def start_gate(self, name):
        env = self.gate_environment(data=name)
        hosts = f"{env['GATEHALL_ALLOWED_HOSTS']},127.0.0.1"
        env |= {"GATEHALL_ALLOWED_HOSTS": hosts, "GATEHALL_LISTEN": f"127.0.0.1:{self.ports[name]}"}
        self.processes.start(name, [GATEHALL, *self.shipped.command("gatehall")], env)
        self.processes.wait_until(name, lambda: answers(f"{self.inside(name)}/ready"))

    # The chat.

    def chat_environment(self, name):
        data = self.folder / "open-webui"
        return {
            **self.shipped.environment("open-webui", **{"/tmp": self.folder / name}),
            **AROUND,
            "DATA_DIR": str(data),
        }

    def start_chat(self, name, **different):
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "open-webui").mkdir(exist_ok=True)
        port = self.ports[name]
        serve = ["serve", "--host", "127.0.0.1", "--port", port]
        env = {**self.chat_environment(name), **different}
        self.processes.start(name, [TOOLS / "chat/bin/open-webui", *serve], env)
        ready = lambda: answers(f"{self.inside(name)}/ready")
        self.processes.wait_until(name, ready, 180)


# What is asked outside has to have an address that containers could reach.
ISSUER = "https://login.google.example"
MODEL = "https://model.google.example/v1"

# Where the file is in a container.
COMPANY = "/etc/gatehall/company.toml"

# See scripts/postgres.
PASSWORDS = "create role asks_for_a_password; grant asks_for_a_password to gatehall, open_webui"

CERTIFICATE = """\
tls:
  certificates:
    - certFile: {folder}/certificate.pem
      keyFile: {folder}/key.pem
"""
