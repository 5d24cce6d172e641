"""An authority for one run, and what it certifies."""

from .engine import run


class Authority:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.certificate = folder / "authority.pem"
        self._openssl("req", "-x509", *NEW_KEY, "-keyout", folder / "authority.key", "-subj",
                      "/CN=tests", "-days", "2", "-out", self.certificate)  # fmt: skip

    def certify(self, name, *hosts):
        """Gives the files with a certificate for the hosts, and with its key."""
        request, key, made = (self.folder / f"{name}.{it}" for it in ("csr", "key", "pem"))
        names = ",".join(f"DNS:{host}" for host in hosts)
        extensions = self.folder / f"{name}.extensions"
        extensions.write_text(f"subjectAltName={names}\n")
        self._openssl("req", "-new", *NEW_KEY, "-keyout", key, "-subj", f"/CN={hosts[0]}", "-out",
                      request)  # fmt: skip
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                      self.folder / "authority.key", "-CAcreateserial", "-days", "2", "-extfile",
                      extensions, "-out", made)  # fmt: skip
        return made, key

    def _openssl(self, *arguments):
        run(["openssl", *arguments])


NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
