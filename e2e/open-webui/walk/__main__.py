"""python -m walk [NAME...]: all tests, or those whose name contains one of these."""

import sys

from doors.runner import run

from .world import World

world = World()
try:
    status = run(world, sys.argv[1:], __package__)
finally:
    world.close()
sys.exit(status)
