"""python -m portal [NAME...]: all results, or those whose name contains one of these."""

import sys

from .runner import run
from .world import World

world = World()
try:
    status = run(world, sys.argv[1:])
finally:
    world.close()
sys.exit(status)
