"""Containers of the image, as locked up as they can be."""

import json
import pathlib

from doors.processes import until

from .world import HARDENED, IMAGE, IMPATIENT, ROOT


def volume(world):
    return ["--volume", f"{world.docker('volume', 'create').strip()}:/data"]


def test_it_serves_as_nobody_with_a_root_that_cannot_be_written(world):
    gate = world.start(*HARDENED, *IMPATIENT, "--pids-limit", "100", "--memory", "128m")
    world.is_healthy(gate)
    report = world.inspect(gate)["State"]["Health"]["Log"][-1]
    assert report["ExitCode"] == 0 and "is ready" in report["Output"], report
    # The kernel's own word about the process, from outside of its container.
    process = world.docker("top", gate, "-o", "pid,uid,gid,args").splitlines()[1].split()
    assert process[1:3] == ["65532", "65532"] and process[3:] == ["/gatehall", "serve"], process
    engine = (pathlib.Path(world.socket).parent / "pid").read_text().strip()
    status = world.run(
        ["nsenter", "--all", "--target", engine, "cat", f"/proc/{process[0]}/status"]
    )
    said = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(said[name], 16) == 0, (name, said[name])
    assert said["NoNewPrivs"].strip() == "1" and said["Seccomp"].strip() == "2", said
    # What it has to keep is in the volume, for itself alone.
    assert world.docker("diff", gate).strip() == ""
    world.docker("exec", gate, "/gatehall", "tenant", "add", "google")
    assert "google" in world.docker("exec", gate, "/gatehall", "tenant", "list")
    world.remove(gate)


def test_what_it_keeps_outlives_the_container(world):
    data = volume(world)
    world.gatehall("tenant", "add", "google", options=data)
    first = world.start(*HARDENED, *IMPATIENT, *data)
    world.is_healthy(first)
    world.docker("stop", "--time", "40", first)
    state = world.inspect(first)["State"]
    assert state["ExitCode"] == 0 and not state["OOMKilled"], state
    world.remove(first)
    assert "google" in world.gatehall("tenant", "list", options=data)


def test_its_health_is_that_of_the_gate(world):
    gate = world.start(*HARDENED, *IMPATIENT)
    world.is_healthy(gate)
    # A gate that hangs.
    world.docker("kill", "--signal", "STOP", gate)
    world.is_healthy(gate, "unhealthy")
    log = world.inspect(gate)["State"]["Health"]["Log"]
    assert "has not answered for 3 s" in log[-1]["Output"], log
    world.docker("kill", "--signal", "CONT", gate)
    world.is_healthy(gate)
    world.remove(gate)
    # The check knows where its gate listens, since both read the same settings.
    elsewhere = world.start(*HARDENED, *IMPATIENT, "--env", "GATEHALL_LISTEN=127.0.0.1:9999")
    world.is_healthy(elsewhere)
    world.remove(elsewhere)
    # A container that does something else is no gate.
    busy = world.start(*HARDENED, *IMPATIENT, command=["demo-server", "issues"])
    until("it ended", lambda: not world.inspect(busy)["State"]["Running"])
    world.remove(busy)


def test_a_folder_that_is_not_its_own_is_named(world):
    mount = ["--mount", "type=tmpfs,destination=/data,tmpfs-mode=0755"]
    said = world.gatehall("serve", options=mount, fails=True)
    assert "/data" in said and "65532" in said, said


def authority(world):
    """A certificate authority of a company, and a server's certificate by it."""
    folder = world.folder / "authority"
    folder.mkdir()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    world.run(
        ["openssl", "req", "-x509", *key, "-subj", "/CN=company", "-keyout", "ca.key"]
        + ["-out", "ca.pem", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        cwd=folder,
    )
    world.run(
        ["openssl", "req", "-x509", *key, "-subj", "/CN=tools", "-keyout", "tools.key"]
        + ["-out", "tools.pem", "-CA", "ca.pem", "-CAkey", "ca.key"]
        + ["-addext", "subjectAltName=DNS:tools.company.example"]
        + ["-addext", "basicConstraints=critical,CA:FALSE"],
        cwd=folder,
    )
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def test_names_and_certificates_work_without_a_distribution(world):
    folder, data = authority(world), volume(world)
    network = world.docker("network", "create", "--internal", world.name()).strip()
    # A server of which the certificate is all that matters.
    tools = world.start(
        "--network", network, "--network-alias", "tools.company.example",
        "--volume", f"{folder}:/authority:ro",
        image=world.base,
        command=["openssl", "s_server", "-quiet", "-accept", "8443", "-www"]
        + ["-cert", "/authority/tools.pem", "-key", "/authority/tools.key"],
    )  # fmt: skip
    inside = [*data, "--network", network]
    address = "https://tools.company.example:8443/mcp"
    world.gatehall("server", "add", "tools", "--url", address, "--access", "public", options=inside)
    world.gatehall("connection", "add", "tools", options=inside)

    def check(*options):
        said = world.gatehall("check", "--json", options=[*inside, *options], fails=True)
        return json.loads(said[: said.rindex("]") + 1])[0]["error"]

    # The name is found, and nobody vouches for the certificate.
    said = until("the server is up", lambda: (it := check()) and "refused" not in it and it)
    assert "certificate" in said, said
    # The image's roots are a file that can be replaced, or named elsewhere.
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    for trusted in (
        ["--volume", f"{folder}/ca.pem:{bundle}:ro"],
        ["--volume", f"{folder}/ca.pem:/ca.pem:ro", "--env", "SSL_CERT_FILE=/ca.pem"],
    ):
        said = check(*trusted)
        assert "certificate" not in said, said
    # A name that nobody has, and one that only a file knows.
    world.remove(tools)
    assert "certificate" not in check() and "refused" not in check(), check()
    assert "refused" in check("--add-host", "tools.company.example:127.0.0.1")
    world.docker("network", "rm", network)


def test_a_server_that_is_a_process_has_its_interpreter_in_the_other_image(world):
    file = "deploy/image/with-node-and-python.Dockerfile"
    world.docker(
        "build", "--tag", "gatehall-tools:test", "--file", ROOT / file,
        "--build-arg", f"GATEHALL_IMAGE={IMAGE}", "--build-arg", f"BASE_IMAGE={world.base}",
        ROOT / "deploy/image", seconds=600,
    )  # fmt: skip
    data = volume(world)
    # A server in Python, as far as the gate can see.
    program = "import os; os.execv('/gatehall', ['/gatehall', 'demo-server', 'issues'])"
    server = ["server", "add", "issues", "--command", "python3", "--access", "public"]
    world.gatehall(*server, "--argument=-c", "--argument", program, options=data)
    world.gatehall("connection", "add", "issues", options=data)
    # The image alone has nothing that could start it.
    said = world.gatehall("check", options=data, fails=True)
    assert "python3" in said, said
    found = json.loads(world.gatehall("check", "--json", options=data, image="gatehall-tools:test"))
    assert found[0]["tools"] == 2, found
    tools = world.start(
        *HARDENED, *IMPATIENT, *data, "--tmpfs", "/tmp", image="gatehall-tools:test"
    )
    world.is_healthy(tools)
    assert "65532" in world.docker("top", tools, "-o", "pid,uid").splitlines()[1]
    world.remove(tools)
