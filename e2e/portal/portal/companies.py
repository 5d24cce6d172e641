"""The companies besides the demo's, as files that `gatehall import` reads."""

from .hostile import EMAILS, GROUPS, TEXTS

ADMIN = "admin@localhost"


def empty(_program, _address):
    """Nothing; the first link for an administrator adds one."""
    return None


def one(program, _address):
    """One of each thing. The server is one of a single tool, over standard input and output."""
    return {
        "tenants": [{"id": "acme", "name": "Acme"}],
        "servers": [{"id": "clock", "name": "Clock", "command": "python3", "arguments": [program]}],
        "connections": [{"tenant": "acme", "server": "clock"}],
        "groups": [{"name": "staff", "description": "Everybody at Acme"}],
        "users": [
            {"email": ADMIN, "name": "Administrator", "admin": True},
            {"email": "ann@acme.example", "name": "Ann", "groups": ["staff"]},
        ],
        "grants": [{"group": "staff", "tenant": "acme"}],
        "providers": [provider("acme", "Acme's accounts")],
        "claim_mappings": [mapping("acme", "staff", "staff")],
        "host_rules": [{"host": "app.acme.example", "admit": "groups", "groups": ["staff"]}],
    }


def provider(name, shown):
    """Nobody listens there: these tests sign in by link."""
    return {
        "id": name,
        "name": shown,
        "profile": "generic",
        "issuer": "http://127.0.0.1:9/login",
        "client_id": "gatehall",
        "client_secret_environment": "TEST_CLIENT_SECRET",
    }


def mapping(provider, value, group):
    return {"provider": provider, "claim": "groups", "value": value, "group": group}


def hostile(_program, address):
    """Every text that may be chosen freely is one of the hostile ones."""
    texts = list(TEXTS.values())
    any_text = lambda at: texts[at % len(texts)]
    ids = [f"tenant-{at}" for at in range(len(texts))]
    long_id = "W" * 31 + "-"
    servers = [
        {"id": "tools", "url": f"{address}/mcp"},
        {"id": "refuses", "url": f"{address}/refuses"},
        {"id": "fails", "url": f"{address}/fails?q='\"><img src=x onerror=alert(1)>"},
        {"id": "missing", "command": TEXTS["image"], "arguments": texts, "environment": TEXTS},
        {"id": "added", "url": "http://127.0.0.1:9/mcp"},
    ]
    for at, server in enumerate(servers):
        server |= {"name": any_text(at), "description": any_text(at + 1), "tier": any_text(at + 2)}
    tenants = [
        {"id": id, "name": any_text(at), "description": any_text(at + 3)}
        for at, id in enumerate([*ids, "added", long_id])
    ]
    return {
        "tenants": tenants,
        "servers": servers,
        "connections": [
            {"tenant": ids[at], "server": server["id"]} for at, server in enumerate(servers)
        ]
        + [{"server": "tools"}],
        "groups": [
            {"name": name, "description": any_text(at + 4)} for at, name in enumerate(GROUPS)
        ],
        "users": [
            {"email": ADMIN, "name": TEXTS["image"], "admin": True, "groups": GROUPS},
            {"email": "mallory@hostile.example", "name": TEXTS["script"], "groups": GROUPS},
        ]
        + [
            {"email": email, "name": any_text(at + 5), "groups": GROUPS[at : at + 1]}
            for at, email in enumerate(EMAILS)
        ],
        "grants": [
            {"group": name, "tenant": ids[at % len(ids)]} for at, name in enumerate(GROUPS)
        ]
        + [
            {"user": email, "connection": f"{ids[0]}/tools", "tools": any_text(at)[:128]}
            for at, email in enumerate(EMAILS)
            if "," not in any_text(at)[:128]
        ]
        + [{"users": "*'hostile*@hostile.example", "tenant": ids[0], "effect": "deny"}],
        "providers": [provider("hostile", TEXTS["quoted"])],
        "claim_mappings": [
            mapping("hostile", any_text(at), name) for at, name in enumerate(GROUPS)
        ],
        "host_rules": [
            {"host": "app.hostile.example", "path": "/<script>alert(1)</script>", "admit": "open"},
            {
                "host": "app.hostile.example",
                "path": "/'\"{{7+7}}",
                "admit": "groups",
                "groups": GROUPS,
            },
        ],
    }
