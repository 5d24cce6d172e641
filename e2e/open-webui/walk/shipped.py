"""The files of deploy/compose, with what differs without containers: addresses, ports and folders."""

import re
import shutil

import yaml

from doors.world import ROOT

COMPOSE = ROOT / "deploy/compose"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}")


def defaults():
    """What .env.example sets."""
    lines = (COMPOSE / ".env.example").read_text().splitlines()
    split = [line.partition("=") for line in lines if re.match(r"[A-Z_]+=", line)]
    return {name: value for name, _, value in split}


def filled(text, values):
    """The text with its variables filled in, as Compose does it."""

    def value(found):
        name, operator, rest = found.groups()
        there = values.get(name)
        if there is None or (not there and operator and operator.startswith(":")):
            if operator and "?" in operator:
                raise RuntimeError(f"{name} is not set: {rest}")
            return rest or ""
        return there

    return VARIABLE.sub(value, str(text))


class Shipped:
    """`places` says where here is what has a place of its own in a container."""

    def __init__(self, values, places):
        self.values, self.places = values, places
        self.services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]

    def here(self, text, **more):
        text = filled(text, self.values)
        for there, here in {**self.places, **more}.items():
            text = text.replace(there, str(here))
        return text

    def environment(self, service, **more):
        """The variables of a service."""
        given = self.services[service].get("environment") or {}
        return {name: self.here(value, **more) for name, value in given.items()}

    def command(self, service, **more):
        return [self.here(word, **more) for word in self.services[service]["command"]]

    def file(self, name, path, **more):
        """Copies a file of the folder, as it is here."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (COMPOSE / name).read_text()
        for there, here in {**self.places, **more}.items():
            text = text.replace(there, str(here))
        path.write_text(text)
        shutil.copymode(COMPOSE / name, path)
        return path

    def traefik(self, web, websecure, ping, folder):
        """Traefik's arguments; its certificate comes from a file in place of an authority."""
        ports = {":443": f":{websecure}", ":80": f":{web}", "127.0.0.1:8080": f"127.0.0.1:{ping}"}
        arguments = []
        for argument in self.services["traefik"]["command"]:
            name, _, value = argument.partition("=")
            if name.startswith("--certificatesResolvers"):
                continue
            if name.endswith(".tls.certResolver"):
                argument = f"{name.removesuffix('.certResolver')}=true"
            elif value in ports:
                argument = f"{name}={ports[value]}"
            arguments.append(self.here(argument, **{"/etc/traefik/dynamic": folder}))
        return arguments
