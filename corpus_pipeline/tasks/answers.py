"""Whether a Ray cluster answers at an address: known in seconds, without a token and without Ray.

Enters: `host:port` of the head.  Leaves: None, or a `Silence` that says what is there instead.
The head speaks gRPC, so HTTP/2: it answers the client's preface with a frame of settings before it
asks for any token.  A stopped process accepts connections, because the system does that for it, and
says nothing; another service says something else.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

#: What an HTTP/2 client sends first: the magic, and an empty frame of settings (RFC 9113, 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
#: A frame is its length in three bytes, its type, flags and stream; 4 is the type of settings.
HEAD, SETTINGS = 9, 4

#: Seconds to wait for a connection, and for the first words on it.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Why no cluster answers; `gone`: nothing listens there, so that waiting is of no use."""

    why: str
    gone: bool = False


def silence(address: str, patience: float = PATIENCE_S) -> Silence | None:
    """Why no Ray cluster answers at `host:port`; None where one does.

    Other addresses (`auto`) are not looked at: Ray finds the cluster of this node by itself.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return None
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=patience) as line:
            if os.environ.get("RAY_USE_TLS", "0").lower() in {"1", "true"}:
                return None  # Ray itself shows its certificates
            line.sendall(PREFACE)
            return _judged(_first(line, patience))
    except TimeoutError:
        return Silence(f"nothing answers within {patience:.0f} s: a wrong host, or a firewall")
    except OverflowError:
        return Silence(f"{port} is no port", gone=True)
    except OSError as error:
        return Silence(str(error.strerror or error).lower(), gone=True)


def _first(line: socket.socket, patience: float) -> bytes:
    """The first frame's head, or what comes instead within `patience` seconds."""
    said, deadline = b"", time.monotonic() + patience
    while len(said) < HEAD and (left := deadline - time.monotonic()) > 0:
        line.settimeout(left)
        try:
            more = line.recv(HEAD - len(said))
        except TimeoutError:
            break
        if not more:
            break
        said += more
    return said


def _judged(said: bytes) -> Silence | None:
    if len(said) == HEAD and said[3] == SETTINGS:
        return None
    if not said:
        return Silence(
            "it takes connections and says nothing: the head is stopped or hangs, or it is no Ray"
        )
    if said.startswith(b"HTTP/"):
        return Silence(
            "a web server answers: the address of a cluster is the head's --port, 6379 if not "
            "told otherwise, and not that of its dashboard (8265) or of Ray Client (10001)"
        )
    return Silence("something else than Ray answers")
