"""What the pages in docs/ show is what runs: configurations, programs and commands."""

import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import time

from . import names
from .proxies import CONFIGURATIONS
from .runner import table
from .world import GATEHALL, ROOT, TOOLS

DOCS = ROOT / "docs"
COMMANDED = [
    "identity.md",
    *(str(path.relative_to(DOCS)) for path in sorted(DOCS.glob("pro*/*.md"))),
]

SHOWN = re.compile(
    r"<!-- begin e2e/doors/proxies/(\S+) -->\n+```\w*\n(.*?)```\n+<!-- end -->", re.S
)


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.S | re.M)


@table([(path.name,) for path in sorted(CONFIGURATIONS.iterdir())])
def test_pages_show_the_configuration_that_runs(_, name):
    pages = [path.read_text() for path in (DOCS / "proxies").glob("*.md")]
    shown = [text for page in pages for each, text in SHOWN.findall(page) if each == name]
    assert shown == [(CONFIGURATIONS / name).read_text()], f"{name} is on {len(shown)} pages"


# Programs that check an assertion.


PROGRAMS = {
    "python": lambda folder: [TOOLS / "python/bin/python", folder / "program.py"],
    "js": lambda folder: ["node", folder / "program.mjs"],
    "go": lambda folder: ["go", "run", folder / "program.go"],
}
ENDINGS = {"python": "py", "js": "mjs", "go": "go"}


def check(world, folder, language, assertion, host):
    environment = {
        **os.environ,
        "GATEHALL_PUBLIC_URL": world.public_url,
        "GATEHALL_KEYS": f"http://127.0.0.1:{world.gate()}/.well-known/jwks.json",
        "OWN_HOST": host,
    }
    return subprocess.run(
        [str(part) for part in PROGRAMS[language](folder)],
        input=assertion,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def visitor(world):
    """Somebody who is signed in. A gate that has just started may not know its providers yet."""
    for _ in range(40):
        try:
            return world.signed_in("alice")
        except AssertionError as error:
            if "does not answer as it should" not in str(error):
                raise
            time.sleep(0.5)
    return world.signed_in("alice")


def altered(assertion):
    """The same with another signature."""
    head, claims, signature = assertion.split(".")
    return ".".join([head, claims, ("A" if signature[0] != "A" else "B") + signature[1:]])


@table([(language,) for language in PROGRAMS])
def test_the_shown_program_checks_an_assertion(world, language):
    answer = visitor(world).get(world.url("traefik", "app"))
    sent = {name.lower(): value for name, value in answer.json()["headers"]}
    assertion, own = sent["x-gatehall-assertion"], f"app.{names.DOMAIN}"
    (program,) = blocks("assertion.md", language)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / f"program.{ENDINGS[language]}").write_text(program)
        (folder / "node_modules").symlink_to(TOOLS / "node_modules")
        done = check(world, folder, language, assertion, own)
        assert (done.returncode, done.stdout) == (0, "alice@google.example\n"), done
        for what, given, host in (
            ("for another host", assertion, f"mcp.{names.DOMAIN}"),
            ("with another signature", altered(assertion), own),
            ("empty", "", own),
            ("no token", "alice@google.example", own),
        ):
            done = check(world, folder, language, given, host)
            assert done.returncode == 1 and not done.stdout, f"{what}: {done}"
            assert "refused: " in done.stderr, f"{what}: {done}"


# Commands.

# What an administrator fills in: any name in angle brackets.
GUID = "11111111-2222-4333-8444-555555555555"
FILLED = {"email": "alice@example.com"}


def filled(match):
    return FILLED.get(match.group(1), GUID)


def commands(page):
    """The lines of a page that begin with gatehall, each with its continuation lines."""
    text = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [re.sub(r"<([a-z-]+)>", filled, line) for line in lines if line.startswith("gatehall ")]


def gatehall(folder, arguments):
    command = [str(GATEHALL), "--data-dir", f"{folder}/data", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{shlex.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


@table([(page,) for page in COMMANDED])
def test_shown_commands_do_what_they_say(_, page):
    """In the order of the page, on a store of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for line in commands(page):
            gatehall(folder, shlex.split(line, comments=True)[1:])


@table([(page,) for page in COMMANDED])
def test_mentioned_commands_are_there(_, page):
    text = re.sub(r"^ *```.*?^ *```", "", (DOCS / page).read_text(), flags=re.S | re.M)
    with tempfile.TemporaryDirectory() as folder:
        for mentioned in re.findall(r"`gatehall ([^`]+)`", text):
            words = mentioned.split()
            names_of_commands = []
            for word in words:
                if not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
                    break
                names_of_commands.append(word)
            shown = gatehall(folder, [*names_of_commands, "--help"])
            for flag in re.findall(r"--[a-z-]+", mentioned):
                assert flag in shown, f"{mentioned}: there is no {flag}"


@table([(str(path.relative_to(ROOT)),) for path in sorted(DOCS.rglob("*.md"))])
def test_links_lead_somewhere(_, page):
    for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text()):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target
