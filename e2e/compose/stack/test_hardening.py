"""What a program could do that somebody took over, and what it sees of secrets."""

import pathlib
import re

from . import engine

# Service -> the secrets it is given.
SECRETS = {
    "traefik": [],
    "gatehall": ["gatehall_database_password", "open_webui_user_secret", "vault_keys"],
    "open-webui": [],
    "postgres": ["postgres_password"],
    "valkey": ["valkey_password"],
}


def services(world):
    return [it for it in world.deployment.long_running() if it != "tool"]


def status(process):
    lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (it.partition(":") for it in lines)}


def mounts(process):
    """Mount point -> (options, kind of file system)."""
    lines = pathlib.Path(f"/proc/{process}/mountinfo").read_text().splitlines()
    return {
        it.split()[4]: (it.split()[5].split(","), it.split(" - ")[1].split()[0]) for it in lines
    }


def test_nobody_knows_more_services_than_these(world):
    assert sorted(services(world)) == sorted(SECRETS)


def test_no_process_is_root_or_can_become_it(world):
    for service in services(world):
        for process in engine.processes(world.deployment.container(service)):
            said = status(process)
            assert all(int(it) > 900 for it in said["Uid"] + said["Gid"]), (service, said["Uid"])
            assert all(int(it) > 900 for it in said["Groups"]), (service, said["Groups"])
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(said[name][0], 16) == 0, (service, name, said[name])
            assert said["NoNewPrivs"] == ["1"], service
            assert said["Seccomp"] == ["2"], service


def test_no_user_is_shared(world):
    users = {it: status(world.deployment.process(it))["Uid"][0] for it in services(world)}
    assert len(set(users.values())) == len(users), users


def test_roots_are_read_only(world):
    for service in services(world):
        found = mounts(world.deployment.process(service))
        assert "ro" in found["/"][0], service
        writable = {
            at for at, (options, kind) in found.items()
            if "rw" in options and not at.startswith(("/proc", "/sys", "/dev"))
        }  # fmt: skip
        expected = {
            "traefik": {"/acme", "/tmp"},
            "gatehall": {"/data", "/tmp"},
            "open-webui": {"/app/backend/data", "/tmp"},
            "postgres": {"/var/lib/postgresql/data", "/tmp", "/run/postgresql"},
            "valkey": {"/data", "/tmp"},
        }[service]
        # The engine's own, for names.
        assert writable - {"/etc/resolv.conf", "/etc/hostname", "/etc/hosts"} == expected, service


def test_nobody_has_the_engine(world):
    for service in services(world):
        said = world.deployment.inspect(service)
        host = said["HostConfig"]
        assert not host["Privileged"] and not host["Devices"], service
        assert "sock" not in str(said["Mounts"]), said["Mounts"]
        assert host["PidMode"] in ("", "private") and host["NetworkMode"] != "host", service
        assert host["IpcMode"] in ("private", "shareable", ""), service


def test_limits_are_in_force(world):
    """As the kernel has them, not as the file says them; together they fit the server."""
    total = 0
    for service in services(world):
        container = world.deployment.container(service)
        _, _, limit = engine.memory(container)
        wanted = world.deployment.inspect(service)["HostConfig"]["Memory"]
        assert 0 < limit == wanted, (service, limit, wanted)
        total += limit
        folder = engine.group(container, "pids")
        assert int((folder / "pids.max").read_text()) <= 512, service
    assert total < 3.5 * 1024**3, f"{total / 1024**2:.0f} MiB"


def test_logs_are_cut(world):
    for service in services(world):
        log = world.deployment.inspect(service)["HostConfig"]["LogConfig"]
        assert log["Type"] == "json-file", (service, log)
        assert log["Config"] == {"max-file": "3", "max-size": "10m"}, (service, log)


def test_secrets_are_behind_a_wall(world):
    folder = world.deployment.secrets
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        wanted = 0o600 if path.suffix == ".env" else 0o444
        assert path.stat().st_mode & 0o777 == wanted, (path, oct(path.stat().st_mode))


def test_each_sees_its_own_secrets_alone(world):
    for service in services(world):
        process = world.deployment.process(service)
        folder = pathlib.Path("/proc", str(process), "root", "run", "secrets")
        there = sorted(it.name for it in folder.iterdir()) if folder.exists() else []
        assert there == SECRETS[service], (service, there)
        found = {it for it in mounts(process) if it.startswith("/run/secrets/")}
        assert all("ro" in mounts(process)[it][0] for it in found), service


def test_no_secret_is_in_settings_or_lists_of_processes(world):
    """Open WebUI reads no files, so its own are in its variables; nobody else's are anywhere."""
    values = {
        path.name: path.read_text().strip()
        for path in world.deployment.secrets.iterdir()
        if path.suffix != ".env"
    }
    own = {"open_webui_database_password", "valkey_password", "open_webui_secret_key",
           "open_webui_user_secret", "openai_api_key", "open_webui_admin_password"}  # fmt: skip
    for service, each in world.deployment.containers().items():
        if service == "tool":
            continue
        said = str(engine.inspect(each["ID"]))
        shown = {name for name, value in values.items() if value and value in said}
        assert shown <= (own if service == "open-webui" else set()), (service, shown)
    for service in services(world):
        for process in engine.processes(world.deployment.container(service)):
            line = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().decode()
            shown = [name for name, value in values.items() if value and value in line]
            assert not shown, (service, shown)


def test_no_log_has_a_secret(world):
    logs = world.deployment.compose("logs", "--no-color")
    for path in world.deployment.secrets.iterdir():
        for value in re.findall(r"[A-Za-z0-9+/=_-]{20,}", path.read_text()):
            assert value not in logs, path.name
