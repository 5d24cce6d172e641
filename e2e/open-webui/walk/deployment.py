"""Starts what deploy/compose describes, two replicas of the gate and of Open WebUI, all of it side by
side."""

import concurrent.futures
import os
import pathlib
import secrets
import sys

from chat.world import CHAT, PYTHON, answers
from chat.world import OPEN_WEBUI as HERE
from doors.processes import free_port
from doors.world import DOORS, GATEHALL, ROOT, TOOLS, Provider

from . import certificate
from .shipped import Shipped, defaults

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
    def __init__(self, processes):
        self.processes = processes
        self.folder = processes.folder
        every = ["web", "websecure", "ping", "provider", "model", "valkey", "gate", "chat"]
        self.ports = {name: free_port() for name in [*every, *GATES, *CHATS]}
        self.secrets = self.folder / "secrets"
        self.key = None
        # Programs end with the thread that started them, so these live as long as this does.
        self.starting = concurrent.futures.ThreadPoolExecutor()

    # Where people find it.

    def url(self, host, path=""):
        return f"https://{host}.{DOMAIN}:{self.ports['websecure']}{path}"

    def inside(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    # All of it, as far as one thing does not wait for another.

    def start(self):
        self._write_secrets()
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
        self.start_chat("chat-2", ENABLE_DB_MIGRATIONS="false", **short)
        for each in (traefik, *gates):
            each.result()

    def _write_secrets(self):
        self.secrets.mkdir(mode=0o700)
        for name in SECRETS:
            (self.secrets / name).write_text(secrets.token_hex(24))
        folder = self.folder / "traefik"
        self.digest = certificate.make(DOMAIN, folder)
        values = {
            **defaults(),
            "ACME_EMAIL": "operator@google.example",
            "ADMIN_EMAIL": "ada@google.example",
            "BYPASS_EMBEDDING_AND_RETRIEVAL": "false",
            "DEFAULT_MODEL": "told",
            "DOMAIN": DOMAIN,
            "EMBEDDING_MODEL": "told",
            "GATE_SUBNET": "127.0.0.1/32",
            "OPENAI_API_BASE_URL": f"{self.inside('model')}/v1",
            "PEOPLE_DOMAINS": "google.example,microsoft.example",
            "PROVIDER_CLIENT_ID": "gatehall",
            "PROVIDER_ISSUER": self.inside("provider"),
            "PROVIDER_PROFILE": "generic",
            # All visitors come from one address.
            "RATE_LIMIT_AVERAGE": "100000",
            "RATE_LIMIT_BURST": "100000",
        }
        port = self.ports["websecure"]
        places = {
            "http://gatehall:8080": self.inside("gate"),
            "http://open-webui:8080": self.inside("chat"),
            # As in .env: a comma list becomes as many entries.
            '["${PEOPLE_DOMAINS}"]': '["google.example", "microsoft.example"]',
            '"${PROVIDER_TRUST_EMAIL}"': "false",
            "/run/secrets": self.secrets,
            **{f"https://{it}.{DOMAIN}": f"https://{it}.{DOMAIN}:{port}" for it in ("app", "admin")},
        }
        self.shipped = Shipped(values, places)

    def secret(self, name):
        return (self.secrets / name).read_text()

    # What keeps data.

    def _start_stores(self):
        programs = TOOLS / "stores/postgres"
        script = [ROOT / "scripts/postgres", os.getpid(), programs, "postgres"]
        address = self.processes.run("postgres", script).strip()
        self.postgres = address.removeprefix("postgres://postgres@").removesuffix("/postgres")
        host, _, port = self.postgres.partition(":")
        prepare = self.shipped.file(
            "postgres/prepare.sh", self.folder / "prepare.sh", **{"PGHOST=postgres": ""}
        )
        path = f"{programs / 'bin'}:{os.environ['PATH']}"
        libraries = {"LD_LIBRARY_PATH": str(programs / "lib"), "PATH": path}
        self.processes.run(
            "postgres-prepare", ["sh", prepare], {**libraries, "PGHOST": host, "PGPORT": port}
        )
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

    def gate_environment(self, service="gatehall"):
        shipped = self.shipped.environment(service)
        hosts = shipped.get("GATEHALL_ALLOWED_HOSTS", "")
        # Passwords are not asked for here, and there is one file of keys for both.
        for name in ("DATABASE_PASSWORD_FILE", "OPEN_WEBUI_SECRET_FILE", "DATA_DIR", "LISTEN"):
            shipped.pop(f"GATEHALL_{name}", None)
        return {
            **shipped,
            "GATEHALL_ALLOWED_HOSTS": hosts.replace("gatehall", "127.0.0.1"),
            "GATEHALL_DATABASE": f"postgres://gatehall@{self.postgres}/gatehall",
            "GATEHALL_OPEN_WEBUI_SECRET": self.secret("open_webui_user_secret"),
            "GATEHALL_VAULT_KEYS": str(self.folder / "vault.keys"),
            "GATEHALL_SIGN_INS_PER_MINUTE": "0",
            "GATEHALL_UNPROVEN_REQUESTS_PER_MINUTE": "0",
        }

    def gatehall(self, *arguments, fails=False):
        """Runs a command of Gatehall on the database that the replicas serve."""
        env = {**self.gate_environment("gatehall-prepare"), "GATEHALL_LOG_FORMAT": "text"}
        command = [GATEHALL, *arguments, "--data-dir", self.folder / "commands"]
        return self.processes.run("gatehall-commands", command, env, fails=fails)

    def _prepare_gate(self):
        company = self.shipped.file("company.toml", self.folder / "company.toml")
        company.write_text(self.shipped.here(company.read_text()))
        self.gatehall("import", "--apply", company)
        own = (WALK / "company.toml").read_text()
        path = self.folder / "walk.toml"
        path.write_text(own.replace("{{TOOL_SERVER}}", str(WALK / "tool_server.py")))
        self.gatehall("import", "--apply", path)
        self.key = self.gatehall("key", "add", "--service", "--name", "Open WebUI").strip()

    def start_gate(self, name):
        port = self.ports[name]
        command = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}"]
        command += ["--data-dir", self.folder / name]
        self.processes.start(name, command, self.gate_environment())
        self.processes.wait_until(name, lambda: answers(f"{self.inside(name)}/ready"))

    # The chat.

    def chat_environment(self, name):
        data = self.folder / "open-webui"
        return {
            **self.shipped.environment("open-webui", **{"/tmp": self.folder / name}),
            **AROUND,
            "DATA_DIR": str(data),
            "DATABASE_URL": f"postgresql://open_webui@{self.postgres}/open_webui",
            "REDIS_URL": f"redis://:{self.secret('valkey_password')}@127.0.0.1:{self.ports['valkey']}/0",
            "WEBUI_SECRET_KEY": self.secret("open_webui_secret_key"),
            "FORWARD_USER_INFO_HEADER_JWT_SECRET": self.secret("open_webui_user_secret"),
            "OPENAI_API_KEY": "none",
            "WEBUI_ADMIN_PASSWORD": self.secret("open_webui_admin_password"),
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


SECRETS = [
    "authentik_database_password",
    "gatehall_database_password",
    "open_webui_admin_password",
    "open_webui_database_password",
    "open_webui_secret_key",
    "open_webui_user_secret",
    "postgres_password",
    "provider_client_secret",
    "valkey_password",
]

CERTIFICATE = """\
tls:
  certificates:
    - certFile: {folder}/certificate.pem
      keyFile: {folder}/key.pem
"""
