"""Tests of what is shipped for one server."""
