"""The proxy as it stands on the internet: TLS with certificates of an authority of its own, and a
port that leads to it."""

import socket
import ssl
import subprocess
import time

from . import names, proxies

# Behind what the documentation shows for one entry point, the two of the internet.
WAYS_IN = """
  websecure:
    address: ":{secure}"
    http:
      aliasHeadersStrategy: {aliases}
      tls: {{}}
    forwardedHeaders:
      insecure: {believes}
"""
REDIRECTION = """
    http:
      redirections:
        entryPoint:
          to: ":{secure}"
          scheme: https
"""
CERTIFICATES = """
tls:
  certificates:
    - certFile: "{folder}/host.crt"
      keyFile: "{folder}/host.key"
"""


def authority(folder):
    """Makes an authority, and a certificate of all hosts; gives the authority's."""
    openssl = lambda *arguments: subprocess.run(
        ["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True
    )
    (folder / "host.ext").write_text(f"subjectAltName=DNS:*.{names.DOMAIN}\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
        *("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt"),
        *("-days", "90", "-subj", "/CN=Authority of the tests"),
    )
    openssl("req", *key, "-keyout", "host.key", "-out", "host.csr", "-subj", "/CN=hosts")
    openssl(
        *("x509", "-req", "-in", "host.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", "60", "-extfile", "host.ext", "-out", "host.crt"),
    )
    return folder / "ca.crt"


class Secure:
    """Traefik with TLS in front of a gate and a backend."""

    def __init__(self, world, gate, backend):
        self.world, self.gate, self.backend = world, gate, backend
        self.ports = {"http": world.port("secure-http"), "https": world.port("secure-https")}
        self.folder = world.processes.folder / "secure"
        self.folder.mkdir(exist_ok=True)
        self.authority = self.folder / "ca.crt"
        if not self.authority.exists():
            authority(self.folder)

    @property
    def url(self):
        return f"https://{names.GATE_HOST}:{self.ports['https']}"

    def start(self, aliases="delete", believes=False, certificate=True, change=lambda text: text):
        """As it should be, but for what is given."""
        name = "secure-traefik"
        self.world.processes.stop(name)
        values = {
            "{{PORT}}": self.ports["http"],
            "{{FOLDER}}": self.folder,
            "{{GATE}}": f"127.0.0.1:{self.gate}",
            "{{BACKEND}}": f"127.0.0.1:{self.backend}",
        }
        static = (proxies.CONFIGURATIONS / "traefik.yaml").read_text()
        before, rest = static.split("    http:\n", 1)
        _, after = rest.split("\nproviders:", 1)
        filled = {"aliases": aliases, "believes": str(believes).lower()}
        filled["secure"] = self.ports["https"]
        static = before + (REDIRECTION + WAYS_IN).format(**filled) + "\nproviders:" + after
        dynamic = change((proxies.CONFIGURATIONS / "traefik-dynamic.yaml").read_text())
        # A router without TLS is none of an entry point with it.
        if certificate:
            dynamic += CERTIFICATES.format(folder=self.folder)
        for name_of, text in (("traefik.yaml", static), ("traefik-dynamic.yaml", dynamic)):
            for key, value in values.items():
                text = text.replace(key, str(value))
            (self.folder / name_of).write_text(text)
        command = proxies.command("traefik", self.world.tools, self.folder, self.folder / "traefik.yaml")
        self.world.processes.start(name, command, port=self.ports["https"])
        self.world.processes.wait_for_port(name, self.ports["http"], 30)
        # It listens before it has read who goes where, and with which certificates.
        for _ in range(200):
            if self.answers():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{name} has no routes:\n{self.world.processes.tail(name)}")

    def answers(self):
        """Whether the gate is reached, whatever certificate is shown."""
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        request = f"GET /.well-known/jwks.json HTTP/1.0\r\nHost: {names.GATE_HOST}\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.ports["https"]), 5) as plain:
                with anybody.wrap_socket(plain, server_hostname=names.GATE_HOST) as stream:
                    stream.sendall(request.encode())
                    return b" 200 " in stream.recv(64)
        except OSError:
            return False

    def stop(self):
        self.world.processes.stop("secure-traefik")

    def arguments(self, http=None):
        """What the doctor has to be told."""
        ports = ["--http-port", str(http or self.ports["http"])]
        return ["--public-url", self.url, "--domain", names.DOMAIN, *ports]
