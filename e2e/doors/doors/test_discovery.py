"""MCP clients find out by themselves where their users sign in (RFC 9728)."""

import json
import shutil
import urllib.parse

from .client import Visitor
from .runner import table
from .world import DOORS, GATEHALL

CLIENTS = {
    "TypeScript": ["node", DOORS / "discover.mjs"],
    "Python": ["python", DOORS / "discover.py"],
}


def plain_gate(world):
    """A gate that needs no proxy: SDKs do not know the hosts of the other tests."""
    if "plain-gate" not in world.processes.running:
        world.gate()
        data = world.processes.folder / "plain"
        shutil.copytree(world.data, data)
        port = world.port("plain-gate")
        environment = {**world.environment(), "GATEHALL_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        del environment["GATEHALL_COOKIE_DOMAIN"]
        command = [GATEHALL, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data]
        world.processes.start("plain-gate", command, environment, port)
    return f"http://127.0.0.1:{world.port('plain-gate')}"


@table([("/mcp",), ("/mcp/google",), ("/mcp/google/documents",)])
def test_each_endpoint_says_where_its_metadata_is(world, path):
    gate = plain_gate(world)
    answer = Visitor().post(f"{gate}{path}", {}, headers=[("Accept", "application/json")])
    assert answer.status == 401, answer
    challenge = answer.header("www-authenticate")
    where = f'resource_metadata="{gate}/.well-known/oauth-protected-resource{path}"'
    assert challenge.startswith("Bearer ") and where in challenge, challenge
    metadata = Visitor().get(f"{gate}/.well-known/oauth-protected-resource{path}")
    document = metadata.json()
    assert metadata.header("access-control-allow-origin") == "*"
    assert document["resource"] == f"{gate}{path}"
    assert document["bearer_methods_supported"] == ["header"]
    issuers = {world.provider(name).issuer for name in ("entra", "authentik", "generic")}
    assert set(document["authorization_servers"]) == issuers


@table([(client,) for client in CLIENTS])
def test_a_client_finds_the_page_to_sign_in(world, client):
    program, script = CLIENTS[client]
    if program == "python":
        program = world.tools / "python/bin/python"
    url = f"{plain_gate(world)}/mcp"
    # Clients take the first provider; all of them would do.
    environment = {"GATEHALL_TEST_TOOLS": str(world.tools)}
    said = world.processes.run(f"discover-{client}", [program, script, url], environment)
    sent = urllib.parse.urlsplit(json.loads(said.strip().splitlines()[-1])["sent"])
    query = urllib.parse.parse_qs(sent.query)
    assert query["resource"] == [url] and query["code_challenge_method"] == ["S256"], sent
    origins = [f"127.0.0.1:{world.provider(name).port}" for name in ("entra", "authentik", "generic")]
    assert sent.netloc in origins, sent
