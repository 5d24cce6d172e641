"""The portal of Gatehall, seen in a real browser: each page, in several companies, judged."""
