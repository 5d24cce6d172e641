"""An Open WebUI in which nothing is set up yet, and its gate."""

import json

from .open_webui import PASSWORD, Person, Refused
from .world import OPEN_WEBUI, World

# What is at Open WebUI before, and is none of Gatehall's business.
FOREIGN = {
    "type": "openapi",
    "url": "http://127.0.0.1:9/elsewhere",
    "path": "openapi.json",
    "auth_type": "bearer",
    "key": "of somebody else",
    "headers": {"X-Note": "kept"},
    "config": {"enable": False, "access_grants": [], "strange": [1, {"deep": True}]},
    "info": {"id": "foreign", "name": "Foreign"},
    "unknown": {"to": "this program"},
}


class Fresh(World):
    """Sets nothing up; people are those of the page, and have accounts."""

    def start_open_webui(self, **different):
        super().start_open_webui(**{"TOOL_SERVER_CONNECTIONS": "[]", **different})

    @property
    def people(self):
        if self._people is None:
            ines = Person(self.open_webui(), OPEN_WEBUI["WEBUI_ADMIN_EMAIL"])
            self._people = {"ines": ines}
            for name in ("alice", "bob"):
                domain = {"alice": "google", "bob": "microsoft"}[name]
                self._people[name] = ines.add(f"{name}@{domain}.example", name.title())
            self.password = self.processes.folder / "password"
            self.password.write_text(PASSWORD + "\n")
            ines.connect(FOREIGN)
        return self._people

    # The commands.

    def as_admin(self):
        """The flags of an administrator with a token: passwords are taken only so often."""
        token = self.processes.folder / "token"
        token.write_text(self.ines.token)
        return ["--admin-token-file", token]

    def with_password(self):
        """The flags of an administrator with a password."""
        email = OPEN_WEBUI["WEBUI_ADMIN_EMAIL"]
        return ["--admin-email", email, "--admin-password-file", self.password]

    def command(self, action, *more, url=None, proof=None, fails=False):
        """Runs one of the commands on Open WebUI; gives what it said to both outputs."""
        self.ines  # Which starts what is not there.
        flags = ["--url", url or self.open_webui()]
        flags += self.as_admin() if proof is None else proof
        if action == "setup":
            flags += ["--gate-url", self.gate()]
        log = self.processes.log("gatehall-commands")
        before = log.stat().st_size if log.exists() else 0
        self.gatehall("open-webui", action, *flags, *more, fails=fails)
        with open(log, "rb") as file:
            file.seek(before)
            return file.read().decode()

    def setup(self, *more, **how):
        return self.command("setup", *more, **how)

    def findings(self, *more, fails=False, **how):
        """What check finds: state and text by subject."""
        said = self.command("check", "--json", *more, fails=fails, **how)
        found = json.loads(said[said.index("{") : said.rindex("}") + 1])["findings"]
        return {(it["subject"], it["state"]): f"{it['found']}. {it['remedy']}" for it in found}

    def bad(self, *more, **how):
        """What check finds bad; a failure unless it is something."""
        found = self.findings(*more, fails=True, **how)
        return {subject: text for (subject, state), text in found.items() if state == "bad"}

    # What is there.

    def own_groups(self):
        """The groups of Open WebUI: members by name."""
        names = {person.id: name for name, person in self.people.items()}
        groups = {}
        for group in self.ines.ask("GET", "/api/v1/groups/"):
            try:
                whole = self.ines.ask("GET", f"/api/v1/groups/id/{group['id']}/export")
            except Refused as refused:
                # The gate may have removed it since.
                if refused.status == 404:
                    continue
                raise
            groups[group["name"]] = sorted(names.get(it, it) for it in whole["user_ids"])
        return groups

    def registered(self):
        """The models that are registered."""
        return {it["id"]: it for it in self.ines.ask("GET", "/api/v1/models/all")}

    def accounts(self):
        return {it["email"]: it for it in self.ines.ask("GET", "/api/v1/users/all")["users"]}

    def live_keys(self):
        keys = json.loads(self.gatehall("key", "list", "--json"))
        return [it["id"] for it in keys if it["name"].startswith("Open WebUI at ") and not it["revoked_at"]]

    def state(self):
        """All that setup could change at Open WebUI."""
        models = {
            name: (it["meta"].get("toolIds"), sorted(map(_grant, it["access_grants"])))
            for name, it in self.registered().items()
        }
        return self.ines.connections(), self.own_groups(), models, sorted(self.accounts())


def _grant(it):
    return (it["principal_type"], it["principal_id"], it["permission"])


_made = []


def fresh():
    """The one of all tests, made at the first use; it ends with the program."""
    if not _made:
        _made.append(Fresh())
    return _made[0]
