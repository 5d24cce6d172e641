"""Where things are."""

import os
import pathlib

COMPOSE_TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = COMPOSE_TESTS.parents[1]
DEPLOYMENT = ROOT / "deploy/compose"
TOOLS = pathlib.Path(os.environ["GATEHALL_TEST_TOOLS"])
GATEHALL = os.environ["GATEHALL"]
