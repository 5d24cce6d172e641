"""The doors of Gatehall, tried from outside: real proxies, real providers, a real browser."""
