"""Headers that ask for another protocol on a connection."""

import base64

SETTINGS = ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")
WEBSOCKET = [
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode()),
]

UPGRADES = {
    "h2c": [("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), SETTINGS],
    "h2c in capitals": [("Upgrade", "H2C"), ("Connection", "Upgrade, HTTP2-Settings"), SETTINGS],
    "h2c without its settings listed": [("Upgrade", "h2c"), ("Connection", "Upgrade"), SETTINGS],
    "h2c behind websocket": [
        ("Upgrade", "websocket, h2c"),
        ("Connection", "Upgrade, HTTP2-Settings"),
        SETTINGS,
    ],
    "h2c before websocket": [
        ("Upgrade", "h2c, websocket"),
        ("Connection", "Upgrade, HTTP2-Settings"),
        SETTINGS,
    ],
    "h2c in a second header": [
        ("Upgrade", "websocket"),
        ("Upgrade", "h2c"),
        ("Connection", "Upgrade, HTTP2-Settings"),
        SETTINGS,
    ],
    "h2c in a first header": [
        ("Upgrade", "h2c"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade, HTTP2-Settings"),
        SETTINGS,
    ],
    "h2c as a websocket": [
        ("Upgrade", "h2c"),
        ("Connection", "Upgrade, HTTP2-Settings"),
        SETTINGS,
        *WEBSOCKET,
    ],
    "h2": [("Upgrade", "h2"), ("Connection", "Upgrade, HTTP2-Settings"), SETTINGS],
    "TLS": [("Upgrade", "TLS/1.3"), ("Connection", "Upgrade")],
    "another HTTP": [("Upgrade", "HTTP/2.0"), ("Connection", "Upgrade")],
}
