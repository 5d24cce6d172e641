"""What docs/open-webui.md says to set, to run and to click."""

import json
import re
import shlex

from doors.world import ROOT

PATH = ROOT / "docs/open-webui.md"
TEXT = PATH.read_text()


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.S | re.M)


def _lines():
    return [line.strip() for block in _blocks("sh") for line in block.splitlines()]


def variables(secret):
    """What is to be set, for Open WebUI and for Gatehall, with the secret where it belongs."""
    chat, gate = {}, {}
    for line in _lines():
        if found := re.fullmatch(r"(export )?([A-Z_]+)=(\S*)", line):
            exported, name, value = found.groups()
            (gate if exported else chat)[name] = value.replace("…", secret)
    return chat, gate


def commands():
    """The commands of Gatehall, in the order of the page, without their first word."""
    split = [shlex.split(line, comments=True) for line in _lines()]
    return [words[1:] for words in split if words[:1] == ["gatehall"]]


def command(*begin):
    """The one command that begins so."""
    (found,) = [each for each in commands() if each[: len(begin)] == list(begin)]
    return found


def connection(kind, gate, key):
    """The connection of this type, as the page has it, to this gate and with this key."""
    shown = [json.loads(block)[0] for block in _blocks("json")]
    (found,) = [each for each in shown if each["type"] == kind]
    return {**found, "url": found["url"].replace("http://gate:8080", gate), "key": key}


def form():
    """The table of the form's fields."""
    rows = re.findall(r"^\| (\*.+?) \| (.+?) \|$", TEXT, re.M)
    return {field.replace("*", ""): value for field, value in rows}


def labels():
    """All that stands in italics: words of Open WebUI's pages."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "`", TEXT, flags=re.S)
    return sorted(set(re.findall(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])", text)))
