"""What each service may and may not, and who reaches whom."""

import itertools

from doors.runner import table

from . import composed

# Each network, and who is in it. Only those named internet lead out.
NETWORKS = {
    "internet": {"traefik"},
    "gatehall-internet": {"gatehall"},
    "open-webui-internet": {"open-webui"},
    "authentik-internet": {"authentik-server", "authentik-worker"},
    "traefik-gatehall": {"traefik", "gatehall"},
    "traefik-open-webui": {"traefik", "open-webui"},
    "traefik-authentik": {"traefik", "authentik-server", "authentik-worker"},
    "gatehall-open-webui": {"gatehall", "open-webui", "open-webui-setup"},
    "gatehall-postgres": {
        "gatehall",
        "gatehall-prepare",
        "open-webui-setup",
        "examples-prepare",
        "postgres",
    },
    "gatehall-time": {"gatehall", "time"},
    "gatehall-everything": {"gatehall", "everything"},
    "open-webui-postgres": {"open-webui", "postgres"},
    "open-webui-valkey": {"open-webui", "valkey"},
    "authentik-postgres": {"authentik-server", "authentik-worker", "postgres"},
    "postgres-prepare": {"postgres", "postgres-prepare"},
}

SECRETS = {
    "gatehall": {"gatehall_database_password", "vault_keys", "open_webui_user_secret"},
    "gatehall-prepare": {"gatehall_database_password", "vault_keys", "provider_client_secret"},
    "examples-prepare": {"gatehall_database_password", "vault_keys"},
    "open-webui-setup": {"gatehall_database_password", "vault_keys", "open_webui_user_secret"},
    "postgres": {"postgres_password"},
    "postgres-prepare": {
        "postgres_password",
        "gatehall_database_password",
        "open_webui_database_password",
        "authentik_database_password",
    },
    "valkey": {"valkey_password"},
    "authentik-server": {
        "authentik_admin_password",
        "authentik_database_password",
        "authentik_secret_key",
    },
    "authentik-worker": {
        "authentik_admin_password",
        "authentik_database_password",
        "authentik_secret_key",
        "provider_client_secret",
    },
}

# Done once.
STEPS = {
    "volumes",
    "postgres-prepare",
    "gatehall-prepare",
    "open-webui-setup",
    "examples-prepare",
}


def everything(world):
    return composed.read(world.folder, ",".join(composed.PROFILES))


def test_every_service_is_hardened(world):
    for name, service in everything(world)["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert 0 < composed.size(service["mem_limit"]) <= 2 << 30, name
        assert 0 < service["pids_limit"] <= 512, name
        assert service["logging"]["driver"] == "json-file", name
        assert set(service["logging"]["options"]) == {"max-file", "max-size"}, name
        assert service["restart"] == ("no" if name in STEPS else "unless-stopped"), name
        for key in ("privileged", "devices", "pid", "ipc", "userns_mode", "cgroup"):
            assert not service.get(key), f"{name}: {key}"
        # The one that gives volumes away is root, can do nothing else, and speaks to nobody.
        if name == "volumes":
            assert service["user"] == "0:0"
            assert service["cap_add"] == ["CHOWN"]
            assert service["network_mode"] == "none"
            continue
        assert "cap_add" not in service and "network_mode" not in service, name
        user, group = service["user"].split(":")
        assert int(user) > 0 and int(group) > 0, f"{name} runs as root"
        if name not in STEPS:
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
            assert service["healthcheck"]["start_period"], name


def test_nobody_has_the_socket_of_the_engine_or_a_folder_of_the_host(world):
    for name, service in everything(world)["services"].items():
        for volume in service.get("volumes", []):
            if volume["type"] == "volume":
                # Whose a volume is says the step of that name, not the image.
                assert volume["volume"] == {"nocopy": True}, f"{name}: {volume}"
                continue
            assert volume["type"] == "bind" and volume["read_only"], f"{name}: {volume}"
            inside = str(world.folder) + "/"
            assert volume["source"].startswith(inside), f"{name}: {volume}"
            assert "secrets" not in volume["source"], f"{name}: {volume}"


def test_traefik_alone_publishes_ports(world):
    for name, service in everything(world)["services"].items():
        ports = {(port["published"], port["target"]) for port in service.get("ports", [])}
        assert ports == ({("80", 80), ("443", 443)} if name == "traefik" else set()), name


def test_networks_join_what_has_to_talk(world):
    whole = everything(world)
    seen = {name: set() for name in whole["networks"]}
    for name, service in whole["services"].items():
        for network in service.get("networks") or {}:
            seen[network].add(name)
    assert seen == NETWORKS
    for name, network in whole["networks"].items():
        leads_out = name == "internet" or name.endswith("-internet")
        assert network.get("internal", False) is not leads_out, name


@table([("authentik-server",), ("authentik-worker",), ("time",), ("everything",), ("valkey",)])
def test_who_is_not_trusted_reaches_no_open_webui(world, name):
    # It takes a header's word for who somebody is.
    meets = {a for members in NETWORKS.values() if name in members for a in members}
    assert ("open-webui" in meets) is (name == "valkey"), name


def test_databases_and_steps_have_no_way_out(world):
    out = set().union(*(who for name, who in NETWORKS.items() if name.endswith("internet")))
    assert out == {"traefik", "gatehall", "open-webui", "authentik-server", "authentik-worker"}


def test_each_service_has_its_own_secrets_alone(world):
    for name, service in everything(world)["services"].items():
        has = {secret["source"] for secret in service.get("secrets", [])}
        assert has == SECRETS.get(name, set()), name


def test_no_secret_stands_in_an_environment(world):
    words = ("PASSWORD", "SECRET", "_KEY", "TOKEN")
    for name, service in everything(world)["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if not any(word in variable for word in words):
                continue
            a_file = str(value).startswith(("file:///run/secrets/", "/run/secrets/"))
            # Switches that are named so.
            assert a_file or value in ("true", "false", "3600"), f"{name}: {variable}={value}"


def test_memory_fits_a_server_of_four_gigabytes(world):
    limits = [
        composed.size(service["mem_limit"])
        for service in composed.read(world.folder)["services"].values()
    ]
    # What is left is for the machine itself.
    assert sum(limits) <= 3.25 * 2**30, f"{sum(limits) / 2**20:.0f} MiB"
    whole = [composed.size(it["mem_limit"]) for it in everything(world)["services"].values()]
    assert sum(whole) <= 7 * 2**30, f"{sum(whole) / 2**20:.0f} MiB"


def test_whoever_waits_waits_for_health_or_an_end(world):
    services = everything(world)["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in STEPS else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {other}"
    # `up --wait` takes the end of a step for a failure, unless somebody waits for just that.
    awaited = set(itertools.chain(*(it.get("depends_on", {}) for it in services.values())))
    assert STEPS <= awaited, STEPS - awaited


def test_whoever_is_stopped_has_time_to_end(world):
    services = everything(world)["services"]
    drain = int(services["gatehall"]["environment"]["GATEHALL_DRAIN_SECONDS"])
    for name in ("gatehall", "traefik", "open-webui"):
        grace = services[name]["stop_grace_period"]
        assert grace == "45s" and drain < 45, f"{name}: {grace}"
