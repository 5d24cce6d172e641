"""An old Open WebUI with the bridge tool in front of Gatehall."""
