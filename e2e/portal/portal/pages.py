"""Which pages there are, and who looks at them in which company."""

import dataclasses
import re
import urllib.parse

from .companies import ADMIN
from .hostile import EMAILS, GROUPS

ADMINS = ("admin",)
TENANT_ADMINS = ("admin", "tenant admin")
ALL = ("admin", "tenant admin", "user")

# Who may open it, and its address. {user} and the like are filled in with what a view has; what a
# view has nothing for is left out there.
READY = [
    (ADMINS, "/"),
    (ADMINS, "/oauth2/sign_in"),
    (ADMINS, "/overview"),
    (ADMINS, "/users"),
    (ADMINS, "/users/add"),
    (ADMINS, "/users/{user}"),
    (ADMINS, "/accounts"),
    (ADMINS, "/groups"),
    (ADMINS, "/groups/add"),
    (ADMINS, "/groups/{group}"),
    (ADMINS, "/members"),
    (TENANT_ADMINS, "/tenants"),
    (ADMINS, "/tenants/add"),
    (TENANT_ADMINS, "/tenants/{tenant}"),
    (ADMINS, "/servers"),
    (ADMINS, "/servers/add"),
    (ADMINS, "/servers/{server}"),
    (TENANT_ADMINS, "/connections"),
    (ADMINS, "/connections/add"),
    (TENANT_ADMINS, "/connections/{tenant}/{server}"),
    (TENANT_ADMINS, "/tools"),
    (TENANT_ADMINS, "/tools/{tool}"),
    (TENANT_ADMINS, "/grants"),
    (TENANT_ADMINS, "/grants/add"),
    (ADMINS, "/access"),
    (ADMINS, "/access?user={user}"),
    (ADMINS, "/access?user={user}&tool={tool}"),
    (ADMINS, "/access?tool={tool}"),
    (ADMINS, "/import"),
    (TENANT_ADMINS, "/audit"),
    (ADMINS, "/keys"),
    (ADMINS, "/keys/add"),
    (ADMINS, "/settings"),
    (ADMINS, "/open-webui"),
    (ADMINS, "/providers"),
    (ADMINS, "/providers/add"),
    (ADMINS, "/host-rules"),
    (TENANT_ADMINS, "/search?q=a"),
    (ALL, "/me"),
    (ALL, "/shortcuts"),
]
# Nothing of a company is on these: they are opened in the demo alone.
SAME_EVERYWHERE = {
    *("/groups/add", "/tenants/add", "/servers/add"),
    *("/providers/add", "/import"),
}


@dataclasses.dataclass
class View:
    """Somebody in a company."""

    name: str
    company: str
    email: str | None
    role: str
    has: dict = dataclasses.field(default_factory=dict)
    # Changes through the management API that make them who they are.
    before: tuple = ()
    # Whether what all companies have in common is looked at here, and pictures are taken.
    closely: bool = False
    schemes: tuple = ("light", "dark")
    # Up to how many pages of one shape links are followed to others of it.
    per_shape: int = 0


ALICE = "alice@google.example"
TINA = "tina@google.example"
DEMO = {
    "user": ALICE,
    "group": "google-employees",
    "tenant": "google",
    "server": "documents",
    "tool": "google_documents_search_documents",
}
ONE = {
    "user": "ann@acme.example",
    "group": "staff",
    "tenant": "acme",
    "server": "clock",
    "tool": "acme_clock_now",
}
HOSTILE = {
    "user": EMAILS[0],
    "group": GROUPS[0],
    "tenant": "tenant-0",
    "server": "tools",
    "tool": "tenant-0_tools_plain",
}

MANY = {
    "user": "aaron.abadi@company.example",
    "group": "finance-berlin",
    "tenant": "canyon-bank",
    "server": "assets",
    "tool": "canyon-bank_assets_find_assets",
}

VIEWS = [
    View("demo", "demo", "ada@company.example", "admin", DEMO, closely=True, per_shape=1),
    View("demo-alice", "demo", ALICE, "user", closely=True),
    View(
        "demo-tina",
        "demo",
        TINA,
        "tenant admin",
        DEMO,
        before=(
            ("POST", "/users", {"email": TINA, "name": "Tina"}),
            ("POST", "/tenants/google/admins", {"add": [TINA]}),
        ),
        closely=True,
    ),
    View("empty", "empty", None, "admin", {"user": ADMIN}),
    View("one", "one", ADMIN, "admin", ONE),
    View("many", "many", "ada@company.example", "admin", MANY),
    View("hostile", "hostile", ADMIN, "admin", HOSTILE, closely=True, schemes=("light",)),
    View("hostile-mallory", "hostile", "mallory@hostile.example", "user"),
]


def listed(view):
    """The paths that a view opens, besides those that links lead to."""
    paths = []
    for roles, path in READY:
        if path in SAME_EVERYWHERE and view.company != "demo":
            continue
        fields = re.findall(r"{(\w+)}", path)
        if view.role in roles and all(field in view.has for field in fields):
            values = {field: urllib.parse.quote(view.has[field], safe="@") for field in fields}
            paths.append(path.format(**values))
    return paths


# Links that are not opened: they end the session, begin one elsewhere, or are no page.
NOT_PAGES = re.compile(
    r"^/(oauth2/(sign_out|start|callback)|static/|sign-in/|mcp\b|t/|openapi|health$|ready$)"
)
WORDS = {"add", "edit", "remove", "import", "history"}


def shape(path):
    """What pages of one kind have in common: /users/* for each user."""
    parts = urllib.parse.urlsplit(path)
    first, *rest = parts.path.strip("/").split("/")
    named = [part if part in WORDS else "*" for part in rest]
    query = sorted({name for name, _ in urllib.parse.parse_qsl(parts.query)})
    return "/".join(["", first, *named]) + (f"?{'&'.join(query)}" if query else "")


def slug(path):
    """A page's name as that of a file."""
    return re.sub(r"[^A-Za-z0-9@.=-]+", "_", path.strip("/"))[:100] or "start"
