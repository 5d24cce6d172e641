"""Turns that take long by their nature. They begin as soon as people are there."""

import json
import time

from chat.world import TOOL

from .deployment import SHORT
from .person import Beside

# How far the gate lets clocks differ.
SKEW = 30
LATE, MANY = 20, 2_000_000


def told(tool, **arguments):
    return f"call gatehall_google_clock_{tool} {json.dumps(arguments)}"


class Held:
    """A turn whose first call waits until it is let go, and whose second comes after it."""

    def __init__(self, person, path):
        self.path, self.begun = path, time.time()
        hold, now = told("hold", path=str(path)), told("now")
        self.turn = person.begin(f"{hold}, then {now}", TOOL)

    def under_way(self):
        """The process of the gate that carries the first call, once it does."""
        begun = self.path.with_suffix(".begun")
        return int(begun.read_text() or 0) if begun.exists() else 0

    def let_go(self):
        self.path.touch()

    def answer(self):
        return self.turn.answer()


class Slow:
    def __init__(self, world):
        # Nothing else is asked or changed of her.
        olga, folder = world.people["olga"], world.processes.folder
        self.report = olga.begin(told("report", bytes=MANY, seconds=LATE), TOOL)
        self.report_begun = time.time()
        # One of a chat whose proofs last, and one of a chat whose proofs end in between.
        self.lasting = Held(Beside(olga, "chat-1"), folder / "lasting")
        self.ending = Held(Beside(olga, "chat-2"), folder / "ending")

    def outlived(self):
        """Whether the shorter proof has ended by now, by the gate's reckoning."""
        return time.time() > self.ending.begun + SHORT + SKEW + 2
