"""What the deployment finds on the internet: the company's provider, and a model. Both run on this
machine, which is another one for the containers."""


from doors.processes import free_port

from .engine import other_machine
from .place import COMPOSE_TESTS, ROOT, TOOLS

LOGIN, MODELS = "login.people.example", "models.example"


class Internet:
    def __init__(self, processes, authority):
        self.processes, self.authority = processes, authority
        self.address = other_machine()
        self.ports = {name: free_port() for name in ("provider", "model")}
        self.issuer = f"https://{LOGIN}:{self.ports['provider']}"
        self.model = f"https://{MODELS}:{self.ports['model']}/v1"

    def start(self, domain, client_secret):
        port = self.ports["provider"]
        certificate, key = self.authority.certify("provider", LOGIN)
        command = ["node", ROOT / "e2e/doors/provider.mjs", "--port", port, "--profile", "generic"]
        command += ["--origin", self.issuer, "--address", self.address]
        command += ["--certificate", certificate, "--key", key]
        command += ["--accounts", COMPOSE_TESTS / "accounts.json"]
        command += ["--redirect", f"https://admin.{domain}/oauth2/callback"]
        command += ["--post-logout", f"https://admin.{domain}/oauth2/signed_out"]
        env = {"GATEHALL_TEST_TOOLS": str(TOOLS), "PROVIDER_CLIENT_SECRET": client_secret}
        self.processes.start("provider", command, env)
        self.processes.wait_until("provider", lambda: "issuer" in self.processes.tail("provider"))
        port = self.ports["model"]
        command = [TOOLS / "python/bin/python", ROOT / "e2e/chat/model_server.py", "--port", port]
        certificate, key = self.authority.certify("model", MODELS)
        command += ["--address", self.address, "--certificate", certificate, "--key", key]
        self.processes.start("model", command)
