"""python -m portal [NAME...]: all results, or those whose name contains one of these."""

from doors.runner import main

from .runner import run
from .world import World

main(World, __package__, run)
