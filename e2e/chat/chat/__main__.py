"""python -m chat [NAME...]: all tests, or those whose name contains one of these."""

from doors.runner import main

from .world import World

main(World, __package__)
