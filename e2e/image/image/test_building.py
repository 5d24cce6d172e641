"""What gets into a build, and that another tool builds the same."""

import json
import shutil

from doors.runner import table

from .world import COMPILED, IMAGE, ROOT, TOOLS

FILES = sorted(path.name for path in (ROOT / "deploy/image").glob("*ockerfile*"))


@table([(name,) for name in FILES])
def test_the_linter_finds_nothing(world, name):
    world.run([TOOLS / "image/python/bin/hadolint", ROOT / "deploy/image" / name])


def test_nothing_secret_or_unneeded_gets_into_a_build(world):
    copy = world.folder / "source"
    for path in world.run(["git", "-C", ROOT, "ls-files", "-z"]).split("\0"):
        if path and (ROOT / path).is_file():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, copy / path)
    planted = [
        ".env", ".git/config", "target/debug/gatehall", ".cache/tools/x", "vault.keys",
        "deploy/compose/.env", "deploy/compose/secrets/vault.keys", "secrets/password",
        "deploy/compose/secrets/deep/password", "src/secrets/x", "crates/store/.env",
    ]  # fmt: skip
    for path in planted:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text("secret")
    probe = "FROM scratch\nCOPY . /context/\n"
    world.docker("build", "--tag", "probe:test", "--file", "-", copy, input=probe.encode())
    sent = {path for path, it in world.files_of("probe:test").items() if it.isfile()}
    sent = {path.removeprefix("context/") for path in sent if path.startswith("context/")}
    assert {"Cargo.lock", "src/main.rs", "migrations/0001_records.sql"} <= sent
    assert not sent & set(planted), sent & set(planted)
    tops = {path.split("/")[0] for path in sent}
    assert tops - {"deploy"} == {
        "Cargo.toml", "Cargo.lock", "LICENSE", "src", "crates", "migrations", "bench", "tests",
    }, tops  # fmt: skip
    # Else every change to how the image is built would compile everything anew.
    assert not [path for path in sent if path.startswith("deploy/image/")]


def test_buildah_builds_the_same_image(world):
    storage = world.folder / "buildah"
    # Copies in place of mounts, which nothing can leave behind.
    buildah = ["buildah", "--root", storage / "root", "--runroot", storage / "run"]
    buildah += ["--storage-driver", "vfs"]
    archive = world.folder / "compiled.tar"
    world.docker("save", "--output", archive, COMPILED)
    world.run([*buildah, "pull", f"docker-archive:{archive}"])
    images = []
    # Twice, since the same things have to give the same layers.
    for tag in ("first", "second"):
        build = [*buildah, "bud", "--isolation", "chroot", "--format", "docker", "--timestamp", "1"]
        world.run(
            [ROOT / "deploy/image/build", f"localhost/gatehall:{tag}"]
            + ["--build-arg", f"PROGRAM=localhost/{COMPILED}"],
            env=world.environment(BUILDER=" ".join(map(str, build))),
        )
        images.append(json.loads(world.run([*buildah, "inspect", f"localhost/gatehall:{tag}"])))
    first, second = images
    assert first["Docker"]["rootfs"] == second["Docker"]["rootfs"]
    of_docker, of_buildah = world.inspect(IMAGE)["Config"], first["Docker"]["config"]
    for name in (
        "User",
        "Entrypoint",
        "Cmd",
        "Healthcheck",
        "Volumes",
        "ExposedPorts",
        "WorkingDir",
    ):
        assert of_buildah.get(name) == of_docker.get(name), name
    labels = of_buildah["Labels"]
    assert {name: labels[name] for name in of_docker["Labels"]} == of_docker["Labels"]
    # And it holds the same files.
    tar = world.folder / "buildah.tar"
    world.run(
        [*buildah, "push", "localhost/gatehall:first", f"docker-archive:{tar}:gatehall:buildah"]
    )
    world.docker("load", "--input", tar)
    mine, other = world.files, world.files_of("gatehall:buildah")
    facts = lambda it: (it.type, it.mode, it.uid, it.gid, it.size)
    assert {path: facts(it) for path, it in mine.items()} == {
        path: facts(it) for path, it in other.items()
    }
