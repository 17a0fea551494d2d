"""By which SSH host key a device is known, as its `.pub` file has it. Pure."""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass

_WRITTEN = re.compile(r"((?:ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})")
_LENGTH = 4
_FEWEST_FIELDS = 2
"""The type, and what the key is made of."""
_SIGNING: dict[str, tuple[str, ...]] = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key: its type, and itself in base64."""

    kind: str
    base64: str

    @property
    def algorithms(self) -> tuple[str, ...]:
        """By which names a server is asked for it, best first: one of RSA signs in several ways."""
        return _SIGNING.get(self.kind, (self.kind,))


def read_host_key(text: str) -> HostKey:
    """The key of a line of a `.pub` file, without its comment.

    Raises:
        ValueError: it is none; the message says what one looks like.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError("a host key is its type and base64, as in a .pub file: ssh-ed25519 AAAA...")
    kind, base64 = found.groups()
    try:
        blob = b64decode(base64, validate=True)
    except binascii.Error:
        blob = b""
    fields = _fields(blob)
    if len(fields) < _FEWEST_FIELDS:
        raise ValueError(f"this {kind} key is not whole; copy it from the device's .pub file again")
    if fields[0] != kind.encode():
        raise ValueError(f"this is no {kind} key; copy its type and base64 from one line of a .pub file")
    return HostKey(kind, base64)


def _fields(blob: bytes) -> list[bytes]:
    """Each stands behind its length (RFC 4253, section 6.6); none if that does not add up."""
    found: list[bytes] = []
    while blob:
        end = _LENGTH + int.from_bytes(blob[:_LENGTH])
        if len(blob) < end:
            return []
        found.append(blob[_LENGTH:end])
        blob = blob[end:]
    return found
