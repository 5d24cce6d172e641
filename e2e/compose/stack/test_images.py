"""Whether what is tried here is what is shipped."""

import re

from . import images
from .place import ROOT


def test_versions_are_those_of_the_images(world):
    """The tag says which program a real image has; the stand-in has to have the same."""
    for image in world.deployment.images():
        tag = image.rpartition(":")[2]
        if (kind := images.kind(image)) == "traefik":
            assert re.search(rf"Version: +{tag.removeprefix('v')}\b", images.version(image)), image
        elif kind == "postgres":
            major = re.search(r"-pg(\d+)\b", tag)[1]
            assert f") {major}." in images.version(image), image
        elif kind == "valkey":
            # The distribution's has mends of its own, within the same line.
            line = ".".join(tag.split(".")[:2])
            assert f"v={line}." in images.version(image), image
        elif kind == "open-webui":
            pinned = (ROOT / "e2e/chat/requirements.txt").read_text()
            assert f"\nopen-webui=={tag.removeprefix('v').partition('-')[0]}\n" in pinned, image
