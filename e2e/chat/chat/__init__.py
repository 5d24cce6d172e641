"""The real Open WebUI in front of Gatehall, set up as docs/open-webui.md says."""
