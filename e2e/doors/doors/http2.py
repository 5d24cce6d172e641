"""One request over HTTP/2, also one that no browser sends."""

import socket

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .client import Answer

# No check of ours: what is wrong is meant so.
PLAIN = h2.config.H2Configuration(
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
    validate_inbound_headers=False,
    header_encoding="latin-1",
)


def ask(connection, headers, upgraded=False, seconds=10):
    """The answer to a request with these headers, pseudo-headers first; None if there is none.
    `upgraded` says that the connection speaks HTTP/2 since an upgrade, whose request was the first.
    """
    connection.settimeout(seconds)
    try:
        return _ask(connection, headers, upgraded)
    except (OSError, h2.exceptions.ProtocolError):
        return None


def _ask(connection, headers, upgraded):
    h2c = h2.connection.H2Connection(PLAIN)
    h2c.initiate_upgrade_connection() if upgraded else h2c.initiate_connection()
    stream = h2c.get_next_available_stream_id()
    h2c.send_headers(stream, headers, end_stream=True)
    connection.sendall(h2c.data_to_send())
    answer = Answer(0, [], b"")
    while data := connection.recv(65536):
        for event in h2c.receive_data(data):
            if getattr(event, "stream_id", None) not in (stream, None):
                continue
            if isinstance(event, h2.events.ResponseReceived):
                answer.status = int(dict(event.headers)[":status"])
                answer.headers = list(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                h2c.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                return answer
            elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                return answer if answer.status else None
        connection.sendall(h2c.data_to_send())
    return None


def send(port, *headers, seconds=10):
    """A request on a connection of its own, without asking first whether HTTP/2 is spoken."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        return ask(connection, headers, seconds=seconds)
