"""What is in the image, and what is said of it."""

import json
import os
import re
import tomllib

from .world import IMAGE, ROOT

# What the engine adds to every container.
OF_THE_ENGINE = re.compile(
    r"(dev|proc|sys|\.dockerenv|etc/(hosts|hostname|mtab|resolv\.conf))(/|$)"
)
OWN = {
    "LICENSE",
    "data",
    "etc",
    "etc/group",
    "etc/nsswitch.conf",
    "etc/passwd",
    "etc/ssl",
    "etc/ssl/certs",
    "etc/ssl/certs/ca-certificates.crt",
    "gatehall",
    "sbom.cdx.json",
    "tmp",
}
# What is not optimised is larger than what is shipped.
LARGEST = {"release": 45 << 20, "quick": 90 << 20}
NOBODY = 65532


def test_nothing_is_in_it_but_the_program_and_what_it_reads(world):
    own = {path for path in world.files if not OF_THE_ENGINE.match(path)}
    assert own == OWN, own ^ OWN
    # No shell, no other program, nothing that gives rights.
    programs = [
        path for path in own if world.files[path].isfile() and world.files[path].mode & 0o111
    ]
    assert programs == ["gatehall"], programs
    assert not [path for path in own if world.files[path].mode & 0o6000]


def test_only_the_data_belongs_to_its_user(world):
    owners = {path: (world.files[path].uid, world.files[path].gid) for path in OWN}
    assert owners.pop("data") == (NOBODY, NOBODY)
    assert set(owners.values()) == {(0, 0)}, owners
    assert world.files["data"].mode & 0o7777 == 0o700
    assert world.files["tmp"].mode & 0o7777 == 0o1777
    writable = [path for path in OWN - {"tmp"} if world.files[path].mode & 0o022]
    assert not writable, writable


def test_there_is_no_shell(world):
    for shell in ("sh", "/bin/sh", "/bin/busybox"):
        said = world.docker("run", "--rm", "--entrypoint", shell, IMAGE, "-c", "true", fails=True)
        assert "no such file" in said or "not found" in said, said


def test_it_is_small(world):
    size = world.inspect(IMAGE)["Size"]
    assert size < LARGEST[os.environ["IMAGE_PROFILE"]], f"{size / (1 << 20):.1f} MiB"


def test_it_says_what_it_is(world):
    labels = world.inspect(IMAGE)["Config"]["Labels"]
    mine = {name.removeprefix("org.opencontainers.image."): labels[name] for name in labels}
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    version = manifest["workspace"]["package"]["version"]
    assert mine["version"] == version
    assert world.gatehall("--version").strip() == f"gatehall {version}"
    assert mine["licenses"] == manifest["workspace"]["package"]["license"]
    revision = world.run(["git", "-C", ROOT, "rev-parse", "HEAD"]).strip()
    assert mine["revision"].removesuffix("-changed") == revision, mine
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", mine["created"]), mine
    assert mine["title"] and mine["description"]
    assert labels["gatehall.sbom"] == "/sbom.cdx.json"
    # Without the script that fills them in, the version is right all the same.
    text = (ROOT / "deploy/image/Dockerfile").read_text()
    assert f"\nARG VERSION={version}\n" in text


def test_it_is_run_as_it_should_be(world):
    config = world.inspect(IMAGE)["Config"]
    assert config["User"] == f"{NOBODY}:{NOBODY}"
    assert (config["Entrypoint"], config["Cmd"]) == (["/gatehall"], ["serve"])
    assert config["Healthcheck"]["Test"] == ["CMD", "/gatehall", "healthcheck"]
    # The check gives up by itself before the engine cuts it, so that it can say why.
    assert config["Healthcheck"]["Timeout"] > 3e9
    assert list(config["Volumes"]) == ["/data"] and list(config["ExposedPorts"]) == ["8080/tcp"]
    names = {line.partition("=")[0] for line in config["Env"]}
    assert names == {"PATH", "GATEHALL_DATA_DIR", "GATEHALL_LISTEN"}, names


def test_the_bill_of_materials_is_that_of_the_program(world):
    world.files  # noqa: B018 - reads the image
    bill = json.loads(world.content("sbom.cdx.json"))
    assert bill["bomFormat"] == "CycloneDX" and bill["specVersion"] == "1.5"
    assert bill["metadata"]["component"]["name"] == "gatehall"
    listed = {(each["name"], each["version"]) for each in bill["components"]}
    # What cargo links into the program and runs to build it, for this target.
    tree = world.run(
        ["cargo", "tree", "--locked", "--package", "gatehall", "--edges", "normal,build"]
        + ["--prefix", "none", "--format", "{p}", "--no-dedupe"],
        cwd=ROOT,
    )
    used = {tuple(line.replace(" v", " ").split()[:2]) for line in tree.splitlines() if line}
    used = {pair for pair in used if pair[0] != "gatehall"}
    # It may also name what only features want that are off; nothing that is there is missing.
    assert used <= listed, used - listed
    assert len(listed - used) < 20, listed - used
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    hashes = {(each["name"], each["version"]): each.get("checksum") for each in locked}
    for each in bill["components"]:
        wanted = hashes[each["name"], each["version"]]
        if wanted is None:
            continue
        assert each["hashes"][0]["content"] == wanted, each
        assert each["licenses"] and each["purl"].startswith("pkg:cargo/"), each


def test_no_path_and_no_date_of_the_build_is_in_the_program(world):
    world.files  # noqa: B018 - reads the image
    program = world.content("gatehall")
    # Where the source, the crates and the user's own files are while it is built.
    for folder in ("build", "usr/local/cargo", "root"):
        at = program.find(f"/{folder}/".encode())
        assert at < 0, program[at - 40 : at + 80]
    # As C writes the day on which it was compiled.
    days = re.findall(rb"[A-Z][a-z]{2} [ \d]\d 20\d\d\0", program)
    assert not days, days


def test_its_roots_of_trust_are_those_of_the_distribution(world):
    world.files  # noqa: B018 - reads the image
    bundle = world.content("etc/ssl/certs/ca-certificates.crt")
    assert bundle.count(b"-----BEGIN CERTIFICATE-----") > 100
