"""python -m doors [NAME...]: all tests, or those whose name contains one of these."""

from .runner import main
from .world import World

main(World, __package__)
