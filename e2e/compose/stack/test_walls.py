"""What reaches what, from inside each container. Nothing but this may."""

import concurrent.futures

from . import engine, inside

# (from, to, port). What is in a network with another can be reached by it: networks know no
# directions. Open WebUI believes a header, so whoever reaches it can be anybody there: besides the
# gate and Traefik these are the two that hold its data and sessions anyway.
REACHES = {
    ("traefik", "gatehall", 8080),
    ("traefik", "open-webui", 8080),
    ("gatehall", "traefik", 80),
    ("gatehall", "traefik", 443),
    ("gatehall", "open-webui", 8080),
    ("gatehall", "postgres", 5432),
    ("gatehall", "tool", 9000),
    ("open-webui", "traefik", 80),
    ("open-webui", "traefik", 443),
    ("open-webui", "gatehall", 8080),
    ("open-webui", "postgres", 5432),
    ("open-webui", "valkey", 6379),
    ("postgres", "gatehall", 8080),
    ("postgres", "open-webui", 8080),
    ("valkey", "open-webui", 8080),
    ("tool", "gatehall", 8080),
}
# Who gets out: Traefik to the authority of certificates, the gate to providers and tools, Open WebUI
# to models.
GETS_OUT = {"traefik", "gatehall", "open-webui"}
KNOWS = {
    "traefik": {"gatehall", "open-webui"},
    "gatehall": {"traefik", "open-webui", "postgres", "tool"},
    "open-webui": {"traefik", "gatehall", "postgres", "valkey"},
    "postgres": {"gatehall", "open-webui"},
    "valkey": {"open-webui"},
    "tool": {"gatehall"},
}


def test_only_what_must_talk_can(world):
    deployment = world.deployment
    services = deployment.long_running() + ["tool"]
    services = sorted(set(services))
    containers = {it: deployment.container(it) for it in services}
    processes = {it: engine.processes(container)[0] for it, container in containers.items()}
    places = {
        (address, port): service
        for service in services
        for address in inside.addresses(containers[service])
        for port in inside.listening(processes[service])
    }
    assert {it for it in places.values()} == set(services), places

    def look(service):
        others = [place for place, owner in places.items() if owner != service]
        reached, names = inside.probe(processes[service], others, services)
        return {(service, places[tuple(it)], it[1]) for it in reached}, names - {service}

    # What is closed takes its time, so that all look at once.
    with concurrent.futures.ThreadPoolExecutor(len(services)) as pool:
        looked = dict(zip(services, pool.map(look, services)))
    found = set().union(*(reached for reached, _ in looked.values()))
    known = {service: names for service, (_, names) in looked.items()}
    assert found == REACHES, (sorted(found - REACHES), sorted(REACHES - found))
    assert known == KNOWS, known


def test_only_these_get_out(world):
    deployment = world.deployment
    internet = world.internet
    there = [[internet.address, port] for port in internet.ports.values()]
    assert inside.probe(None, there)[0] == there
    processes = {it: deployment.process(it) for it in {*deployment.long_running(), "tool"}}
    with concurrent.futures.ThreadPoolExecutor(len(processes)) as pool:
        reached = pool.map(lambda process: inside.probe(process, there)[0], processes.values())
        found = {service for service, them in zip(processes, reached) if them}
    assert found == GETS_OUT, found


def test_steps_have_only_the_networks_that_they_need(world):
    services = world.deployment.configuration()["services"]
    steps = {
        name: set(it.get("networks") or []) for name, it in services.items()
        if it.get("restart") == "no"
    }  # fmt: skip
    for name, networks in steps.items():
        assert all(not it.endswith("internet") for it in networks), (name, networks)
    assert not steps["volumes"] - {"default"} and services["volumes"]["network_mode"] == "none"
