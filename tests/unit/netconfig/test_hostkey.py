"""A host key as a `.pub` file has it, and everything that is none."""

import base64

import asyncssh
import pytest

from netconfig.hostkey import read_host_key
from netconfig.inventory import Device

KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa", "ssh-ed448")


def written(kind: str) -> str:
    return " ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])


def in_base64(*fields: bytes) -> str:
    return base64.b64encode(b"".join(len(one).to_bytes(4) + one for one in fields)).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_key_of_any_kind_is_read(kind: str) -> None:
    key = read_host_key(text := written(kind))
    assert f"{key.kind} {key.base64}" == text
    assert key.algorithms[-1] == kind


def test_key_of_rsa_is_asked_for_by_its_better_signatures_first() -> None:
    assert read_host_key(written("ssh-rsa")).algorithms == ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


ED25519 = written("ssh-ed25519")
BROKEN = {
    "nothing": ("", "as in a .pub file"),
    "with its comment": (f"{ED25519} root@border", "as in a .pub file"),
    "with its host": (f"border {ED25519}", "as in a .pub file"),
    "its fingerprint": ("SHA256:heMzZR22CtkXdTEpqHlhK3dx/X3zxfodtjjHEXbEdZg", "as in a .pub file"),
    "on two lines": (ED25519.replace(" ", "\n"), "as in a .pub file"),
    "in another alphabet": ("ssh-ed25519 \uff21\uff21\uff21\uff21", "as in a .pub file"),
    "base64 that stops anywhere": ("ssh-ed25519 AAAAC", "this ssh-ed25519 key is not whole"),
    "only its type": (f"ssh-ed25519 {in_base64(b'ssh-ed25519')}", "this ssh-ed25519 key is not whole"),
    "the first half": (ED25519[:60], "this ssh-ed25519 key is not whole"),
    "something behind it": (
        f"ssh-ed25519 {in_base64(b'ssh-ed25519', bytes(32))}AAAA",
        "this ssh-ed25519 key is not whole",
    ),
    "another type before it": (
        ED25519.replace("ssh-ed25519 ", "ssh-rsa "),
        "this is no ssh-rsa key; copy its type and base64 from one line",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_key_is_told_with_what_would_be(what: str) -> None:
    text, words = BROKEN[what]
    with pytest.raises(ValueError, match=words):
        read_host_key(text)
    with pytest.raises(ValueError, match=f"(?s)host_key.*{words}"):
        Device(name="r", platform="p", host="h", username="u", password="env:P", host_key=text)
