"""Somebody in very many groups: every proxy tells the backend of all of them, or nobody gets in."""

import json

from . import names
from .client import send
from .processes import until
from .runner import table

APP = f"app.{names.DOMAIN}"
COUNT = 200
# How long each name is, and whether all of them together find room in headers.
LENGTHS = {"long": (68, True), "too-long": (110, False)}


def group(kind, number):
    return f"{kind}-{number:03}-".ljust(LENGTHS[kind][0], "x")


def member(world, kind):
    """A key of somebody in all groups of a kind."""
    email = f"{kind}@google.example"
    groups = [group(kind, number) for number in range(COUNT)]
    lines = [f"[[groups]]\nname = {json.dumps(name)}" for name in groups]
    lines.append(f"[[users]]\nemail = {json.dumps(email)}\ngroups = {json.dumps(groups)}")
    world.gate()
    path = world.processes.folder / f"{kind}.toml"
    path.write_text("\n".join(lines))
    world.gatehall("import", path, "--apply")
    return json.loads(world.gatehall("key", "add", "--user", email, "--json"))["key"]


@table([(kind, length) for kind in names.PROXIES for length in LENGTHS])
def test_somebody_in_many_groups(world, kind, length):
    proxy, proof = world.proxy(kind), [("Authorization", f"Bearer {member(world, length)}")]
    until("the gate heard of it", lambda: send(proxy, "/", APP, headers=proof).status != 401)
    world.recorded()
    answer = send(proxy, "/", APP, headers=proof)
    if not LENGTHS[length][1]:
        assert answer.status == 403 and not world.recorded(), answer
        until("the audit says so", lambda: "person.groups" in world.gatehall("audit", "--json"))
        return
    assert answer.status == 200, answer
    said = {name.lower(): value for name, value in answer.json()["headers"]}
    expected = ",".join(group(length, number) for number in range(COUNT))
    assert said["x-user-groups"] == expected and said["x-gatehall-assertion"], said
