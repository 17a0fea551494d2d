"""The cases of bad input of what is reached over SSH, and of strangers at any address."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import asyncssh
import pytest

from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.bench import Rig
from tests.contract.drivers.cisco_ios_bench import IosRig
from tests.contract.drivers.dell_force10_bench import Force10Rig
from tests.contract.drivers.manners import Said, nobodys_door, ssh_manners
from tests.contract.drivers.rudeness import (
    Bad,
    Borne,
    Bring,
    Cell,
    Never,
    Told,
    after,
    behind,
    instead,
    known_as,
    refusing,
    refusing_to_tell,
    renamed,
)

GERMAN = "Ung\xfcltige Eingabe"
JAPANESE = "\u7121\u52b9\u306a\u5165\u529b\u3067\u3059"
UMLAUT = "G\xe4ste".encode()
BANNER = "####\nr1# welcome <hello> ]]>]]>\nlambdastation-router 1\nG\xe4ste und Freunde\n"
GREETING = b"\r\n####\r\nr1# welcome\r\nguest> G\xe4ste \x07\r\nno entry#\r\n"
HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 3\r\n\r\nno\n"
NOBODY = {
    "a web server": HTTP,
    "a mail server": b"220 mail.example.org ESMTP Postfix\r\n",
    "noise": bytes(range(256)) * 64,
    "a flood": b"who is there?\r\n" * 20_000,
}


def nobody(words: str, error: type[DeviceError] = Unreachable, *, stays: bool = False) -> list[Told]:
    """Somebody else is at its address, or something; it goes when it has said its words, or stays."""
    strangers = [
        Told(f"{who} at its address", behind(nobodys_door, words=said, stays=stays), words, error)
        for who, said in NOBODY.items()
    ]
    gone = Told("somebody who hangs up", behind(nobodys_door), "ended|closed|no session|Broken pipe|reset")
    mute = behind(nobodys_door, stays=True)
    return [*strangers, gone, Told("somebody who is silent", mute, "no answer|in time", patience=0.5)]


@contextmanager
def other_key(rig: Rig, loop: SimulatorLoop, kind: str = "ssh-ed25519") -> Iterator[Device]:
    key = " ".join(asyncssh.generate_private_key(kind).export_public_key().decode().split()[:2])
    yield rig.device.model_copy(update={"host_key": key})


@contextmanager
def wrong_password(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WRONG_PASSWORD", "hunter2-hunter2")
        yield rig.device.model_copy(update={"password": "env:WRONG_PASSWORD"})


CREDENTIALS = (
    Told("another password", wrong_password, "refuses the login of lambda"),
    Told("another user", known_as(username="nobody-here"), "refuses the login of nobody-here"),
    Told("a password that is not set", known_as(password="env:NOT_SET"), "NOT_SET is not set"),
    Told("a file that is not there", known_as(password="file:/nowhere/at/all"), "cannot be read"),
)
HOST_KEY = (
    Told("another key", other_key, "shows another host key than the site file names: ssh-ed25519 SHA256:"),
    Told("a key of another kind", partial(other_key, kind="ecdsa-sha2-nistp256"), "host key"),
    Told(
        "a key that is none",
        known_as(host_key="ssh-ed25519 AAAA"),
        "host_key: this ssh-ed25519 key is not whole",
    ),
)


def terminal(*, log: bytes, page_refusal: str | None = None) -> Mapping[Bad, Cell]:
    """What has a command line; `log` is a message of its log."""
    refusal = rb"%[^\r\n]*marker\."
    german, japanese = f"% {GERMAN}".encode("latin-1"), f"% {JAPANESE}".encode()
    return {
        Bad.CREDENTIALS: CREDENTIALS,
        Bad.IDENTITY: HOST_KEY,
        Bad.GARBAGE: [
            *nobody("no session with"),
            Told(
                "bytes for a configuration",
                behind(ssh_manners, said=configuration(b"\xc3\x28 ### ?\r\n")),
                "cut short",
                StateUnknown,
            ),
            Told(
                "nothing for a configuration",
                behind(ssh_manners, said=configuration(b"")),
                "cut short",
                StateUnknown,
            ),
        ],
        Bad.LANGUAGE: [
            Told(
                "it refuses to tell, in German",
                after(refusing_to_tell, behind(ssh_manners, said=instead(refusal, german))),
                GERMAN,
                StateUnknown,
            ),
            Told(
                "it refuses a line, in German",
                after(refusing, behind(ssh_manners, said=instead(refusal, german))),
                GERMAN,
                Rejected,
                pushing=True,
            ),
            Told(
                "it refuses a line, in German and in no form of its own",
                after(refusing, behind(ssh_manners, said=instead(refusal, GERMAN.encode("latin-1")))),
                f"nobody knows what '{GERMAN}' means",
                StateUnknown,
                pushing=True,
            ),
            Told(
                "it refuses a line, in Japanese",
                after(refusing, behind(ssh_manners, said=instead(refusal, japanese))),
                JAPANESE.encode().decode("latin-1"),
                Rejected,
                pushing=True,
            ),
            Borne(
                "it greets in Japanese",
                behind(ssh_manners, greeting=f"\r\n{JAPANESE}\r\n".encode("shift-jis")),
            ),
        ],
        Bad.LATIN_1: [Borne("in a description", behind(ssh_manners, said=instead(UMLAUT, b"G\xe4ste")))],
        Bad.PAGES: [Borne("a pager that stays on", after(partial(keep_pager, page_refusal)))],
        Bad.NOISE: [
            Borne("banner and greeting", behind(ssh_manners, banner=BANNER, greeting=GREETING)),
            Borne("log messages", behind(ssh_manners, said=logging(log))),
        ],
        Bad.NAME: [Borne("a long name", renamed)],
    }


def configuration(words: bytes) -> Said:
    """Between the command that asks for the configuration and the next prompt a terminal says this."""
    is_told = False

    def say(said: bytes) -> bytes:
        nonlocal is_told
        if re.fullmatch(rb"(?:\S+# ?)?show running-config\s*", said):
            is_told = True
            return said + words
        is_told = is_told and not said.rstrip().endswith(b"#")
        return b"" if is_told else said

    return say


def logging(message: bytes) -> Said:
    """A message goes out behind every fifth line."""
    said_so_far = 0

    def say(said: bytes) -> bytes:
        nonlocal said_so_far
        said_so_far += said.endswith(b"\n")
        return said + message if said.endswith(b"\n") and said_so_far % 5 == 0 else said

    return say


def keep_pager(words: str | None, rig: Rig) -> None:
    """Its pager cannot be switched off."""
    assert isinstance(rig, IosRig | Force10Rig)
    rig.router.faults.add(Fault(Action.REFUSE, line="^terminal length", where="exec", words=words))


def junos() -> Mapping[Bad, Cell]:
    message = rb"(?<=<error-message>)[^<]*"
    return {
        Bad.CREDENTIALS: CREDENTIALS,
        Bad.IDENTITY: HOST_KEY,
        Bad.GARBAGE: [
            *nobody("no session with"),
            Told(
                "half an answer",
                behind(ssh_manners, said=instead(rb"(?s)<configuration.*(?=]]>]]>)", b"<configuration>")),
                "no XML|no NETCONF",
                DeviceError,
            ),
            Told(
                "another tree",
                behind(ssh_manners, said=instead(rb"<(/?)configuration", rb"<\1konfiguration")),
                "no configuration",
                StateUnknown,
            ),
        ],
        Bad.LANGUAGE: [
            Told(
                "it refuses to tell, in Japanese",
                after(refusing_to_tell, behind(ssh_manners, said=instead(message, JAPANESE.encode()))),
                JAPANESE,
                StateUnknown,
            ),
            Told(
                "it refuses a statement, in German",
                after(refusing, behind(ssh_manners, said=instead(message, GERMAN.encode()))),
                GERMAN,
                Rejected,
                pushing=True,
            ),
        ],
        Bad.LATIN_1: [Borne("in a description", behind(ssh_manners, said=instead(UMLAUT, b"G\xe4ste")))],
        Bad.PAGES: Never("a NETCONF message is as long as it is"),
        Bad.NOISE: [
            Borne("a banner", behind(ssh_manners, banner=BANNER)),
            Told("words before its hello", behind(ssh_manners, greeting=GREETING), "no", patience=2),
        ],
        Bad.NAME: [Borne("a long name", renamed)],
    }


def linux() -> Mapping[Bad, Cell]:
    return {
        Bad.CREDENTIALS: [
            *CREDENTIALS,
            Told("a key that nobody knows", key_of_ours("ssh-ed25519"), "refuses the login of lambda"),
            Told("a key that is none", key_of_ours(None), "private_key: no SSH private key"),
        ],
        Bad.IDENTITY: HOST_KEY,
        Bad.GARBAGE: [
            *nobody("no session with"),
            Told("bytes", behind(ssh_manners, said=lambda _: b"\xc3\x28 ?"), "makes no sense", StateUnknown),
            Told(
                "half an answer",
                behind(ssh_manners, said=lambda said: said[: len(said) // 2]),
                "makes no sense",
                StateUnknown,
            ),
        ],
        Bad.LANGUAGE: [
            Told(
                "it refuses to tell, in German",
                after(
                    refusing_to_tell,
                    behind(ssh_manners, errors=instead(b"Operation not permitted", GERMAN.encode())),
                ),
                GERMAN,
                StateUnknown,
            ),
            Told(
                "it refuses a line, in Japanese",
                after(
                    refusing,
                    behind(ssh_manners, errors=instead(b"Cannot find device", JAPANESE.encode())),
                ),
                JAPANESE,
                Rejected,
                pushing=True,
            ),
        ],
        # Its rules have one.
        Bad.LATIN_1: [Borne("in a comment", known_as())],
        Bad.PAGES: Never("a command writes to no terminal"),
        Bad.NOISE: [Borne("banner and greeting", behind(ssh_manners, banner=BANNER, greeting=GREETING))],
        Bad.NAME: [Borne("a long name", renamed)],
    }


def key_of_ours(kind: str | None) -> Bring:
    """We log in with this private key; None for one that is none."""

    @contextmanager
    def bring(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(asyncssh.generate_private_key(kind).export_private_key() if kind else b"-----")
            file.flush()
            reference = {"password": None, "private_key": f"file:{file.name}"}
            yield rig.device.model_copy(update=reference)

    return bring
