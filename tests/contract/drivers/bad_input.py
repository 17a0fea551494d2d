"""For every platform and every kind of bad input the cases of it, or why it cannot come about there."""

import atexit
import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from netconfig.errors import Rejected, StateUnknown
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.xmlrpcwire import write_fault
from pathservice.pki import Credential, Pki, init_pki, issue_client
from tests.contract.drivers.bad_input_ssh import GERMAN, HTTP, JAPANESE, junos, linux, nobody, terminal
from tests.contract.drivers.bench import Rig
from tests.contract.drivers.cisco_nxos_bench import REFUSAL as NXOS_REFUSAL
from tests.contract.drivers.manners import database_manners, tls_manners
from tests.contract.drivers.ofgw_agent_bench import credentials
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
    refusing,
    refusing_to_tell,
)


def agent() -> Mapping[Bad, Cell]:
    declared, bare = b"<?xml version='1.0' encoding='iso-8859-1'?>", b"<?xml version='1.0'?>"
    fault = write_fault(9, f"internal: {JAPANESE}")
    return {
        Bad.CREDENTIALS: [
            Told(
                "a certificate of another authority",
                with_files(cert=lambda: elsewhere().user_cert, key=lambda: elsewhere().user_key),
                "does not accept our certificate|the connection was closed",
            ),
            Told(
                "somebody else's certificate",
                with_files(cert=lambda: guest().cert, key=lambda: guest().key),
                "may not call this agent",
            ),
            Told(
                "a key that is not there",
                with_files(key=lambda: Path("/nowhere")),
                "tls: .*nowhere cannot be read",
            ),
        ],
        Bad.IDENTITY: [
            Told(
                "a certificate of another authority", with_files(ca=lambda: elsewhere().ca), "is not accepted"
            )
        ],
        Bad.GARBAGE: [
            *nobody("TLS: |closed"),
            Told(
                "a page of HTML",
                behind(tls_manners, said=lambda _: b"<html><body>it works!</body></html>"),
                "a methodResponse is expected, not a html",
                StateUnknown,
            ),
            Told(
                "half an answer",
                behind(tls_manners, said=lambda said: said[: len(said) // 2]),
                "not well-formed",
                StateUnknown,
            ),
        ],
        Bad.LANGUAGE: [
            Told("it fails, in Japanese", behind(tls_manners, said=lambda _: fault), JAPANESE, StateUnknown),
            Told(
                "it refuses, in German",
                after(refusing, behind(tls_manners, said=instead(b"not on this gateway", GERMAN.encode()))),
                GERMAN,
                Rejected,
                pushing=True,
            ),
        ],
        Bad.LATIN_1: [
            Borne(
                "in a comment of XML that says so",
                behind(tls_manners, said=instead(re.escape(bare), declared + b"<!-- G\xe4ste -->")),
            ),
            Told(
                "in a comment of XML that does not",
                behind(tls_manners, said=instead(re.escape(bare), bare + b"<!-- G\xe4ste -->")),
                "not well-formed",
                StateUnknown,
            ),
        ],
        Bad.PAGES: Never("an answer over HTTP is as long as it is"),
        Bad.NOISE: [
            Borne(
                "fields and comments that nobody asked for",
                behind(
                    tls_manners,
                    first=b"HTTP/1.1 100 Continue\r\n\r\n",
                    head=b"Server: x/1\r\nSet-Cookie: a=b\r\nX-Banner: G\xe4ste\r\n",
                    said=instead(re.escape(bare), bare + b"\n<!-- r1# -->\n"),
                ),
            )
        ],
        Bad.NAME: Never("it is known by its certificate, and its name is in no answer"),
    }


@cache
def elsewhere() -> Pki:
    """Another authority, and what it has issued; made once."""
    folder = Path(tempfile.mkdtemp(prefix="other-pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return init_pki(folder, host_names=(), now=datetime.now(UTC))


def with_files(**files: Callable[[], Path]) -> Bring:
    """The site file names other files for TLS."""

    @contextmanager
    def bring(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
        assert rig.device.tls
        found = {name: find() for name, find in files.items()}
        yield rig.device.model_copy(update={"tls": rig.device.tls.model_copy(update=found)})

    return bring


def guest() -> Credential:
    """Somebody whom the agent's authority knows, and the agent does not."""
    return issue_client(credentials().ca.parent, "CN=guest", name="guest", now=datetime.now(UTC))


def openvswitch() -> Mapping[Bad, Cell]:
    echo = b'{"method": "echo", "params": ["r1#"], "id": "e"}'
    update = b'{"method": "update", "params": [null, {}], "id": null}'
    return {
        Bad.CREDENTIALS: [Told("a socket that is not for us", not_ours, "db.sock: Permission denied")],
        Bad.IDENTITY: Never("its sockets are this machine's own, in a folder that only its owner writes to"),
        Bad.GARBAGE: [
            *nobody("is no JSON-RPC", StateUnknown, stays=True),
            Told(
                "a web server for a bridge",
                behind(database_manners, greeting=HTTP),
                "no OpenFlow",
                StateUnknown,
            ),
            Told(
                "rows that are none",
                behind(database_manners, said=instead(rb'"rows":.*', b'"rows":7}],"id":1,"error":null}')),
                "without rows",
                StateUnknown,
            ),
        ],
        Bad.LANGUAGE: [
            Told(
                "it refuses to tell, in Japanese",
                after(
                    refusing_to_tell,
                    behind(database_manners, said=instead(b"by the bench", JAPANESE.encode())),
                ),
                JAPANESE,
                StateUnknown,
            ),
            Told(
                "it refuses a row, in German",
                after(refusing, behind(database_manners, said=instead(b"by the bench", GERMAN.encode()))),
                GERMAN,
                Rejected,
                pushing=True,
            ),
        ],
        Bad.LATIN_1: [
            Borne("in a label", behind(database_manners, said=instead(b"campus", b"G\xe4ste"))),
        ],
        Bad.PAGES: Never("a message is as long as it is"),
        Bad.NOISE: [
            Borne("messages that nobody asked for", behind(database_manners, before=echo + update)),
        ],
        Bad.NAME: Never("a bridge has the name by which it is asked for"),
    }


@contextmanager
def not_ours(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
    """The database's socket is another user's, and for nobody else."""
    socket = Path((rig.device.ovsdb or "").removeprefix("unix:"))
    with open_to_nobody(socket):
        yield rig.device


@contextmanager
def open_to_nobody(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(0)
    # Of this thread alone, and of its files alone: root may open whatever there is.
    libc = ctypes.CDLL(None)
    libc.setfsuid(65534)
    try:
        yield
    finally:
        libc.setfsuid(os.getuid())
        path.chmod(mode)


BAD_INPUT: Mapping[str, Mapping[Bad, Cell]] = {
    "cisco_ios": terminal(log=b"*Jan  1 09:00:00.000: %SYS-5-CONFIG_I: Configured from console\r\n"),
    "cisco_nxos": terminal(
        log=b"2030 Jan  1 09:00:00 r1 %ETHPORT-5-IF_UP: Interface Ethernet1/1 is up\r\n",
        page_refusal=NXOS_REFUSAL,
    ),
    "dell_force10": terminal(
        log=b"Nov 22 07:02:11: %STKUNIT0-M:CP %SYS-5-CONFIG_I: Configured from vty0 by x\r\n"
    ),
    "juniper_junos": junos(),
    "linux_nft": linux(),
    "ofgw_agent": agent(),
    "openvswitch": openvswitch(),
}
