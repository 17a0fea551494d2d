"""DSCP marks on a flow this host sends, by an nftables table that its process owns.

The kernel takes the table away with the netlink socket that made it (`flags owner`). `nft -i` holds that
socket and ends with its standard input, which is a pipe of ours: so nothing is left however we end.
"""

import os
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

from hosttools.flow import Address, Flow
from hosttools.programs import PATIENCE, ProgramFailed, ToolError, environment, run

_POLL_SECONDS = 0.02


class Marking:
    """A table for our marks, in a `with` block; a rule is in it after `mark`."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self.table = f"lsiperf_{os.getpid()}"
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._nft = subprocess.Popen(
            ("nft", "-i"),  # noqa: S607 - root's programs are found by PATH
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=environment(),
            # A Ctrl-C on the terminal is for us.
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Make the table.

        Raises:
            ToolError: it takes CAP_NET_ADMIN, and a kernel with nftables.
        """
        try:
            self._tell(
                f"add table inet {self.table} {{ flags owner; }}",
                f"add chain inet {self.table} marks {{ type route hook output priority mangle; }}",
            )
            self._wait_for("chain marks")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the marks away."""
        try:
            self._nft.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._nft.kill()
            self._nft.communicate()
        self._said.close()

    def mark(self, flow: Flow, dscp: int) -> None:
        """Mark what this host sends of a flow.

        Raises:
            ToolError: the kernel does not take it.
        """
        self._tell(f"add rule inet {self.table} marks {rule(flow, dscp)}")
        self._wait_for("dscp set")

    def _tell(self, *lines: str) -> None:
        words = "".join(f"{line}\n" for line in lines).encode()
        try:
            if self._nft.stdin is not None:
                self._nft.stdin.write(words)
                self._nft.stdin.flush()
        except OSError:
            raise ToolError(f"packets cannot be marked: nft has ended: {self._words()}") from None

    def _wait_for(self, sign: str) -> None:
        """Wait until the table has it: `nft` says nothing of what it has done."""
        latest, why_not = time.monotonic() + PATIENCE, "no answer in time"
        while True:
            try:
                listed = run("nft", "list", "table", "inet", self.table)
            except ProgramFailed as error:
                listed, why_not = "", str(error)
            if sign in listed:
                return
            if self._words() or self._nft.poll() is not None or time.monotonic() > latest:
                why = self._words() or why_not
                raise ToolError(f"packets cannot be marked, which takes CAP_NET_ADMIN: {why}")
            time.sleep(_POLL_SECONDS)

    def _words(self) -> str:
        """What it complains of. Its place in the file is left alone."""
        return " ".join(os.pread(self._said.fileno(), 4096, 0).decode(errors="replace").split())


def rule(flow: Flow, dscp: int) -> str:
    """The nftables statement that marks a flow's packets."""
    family = "ip" if flow.remote.version == 4 else "ip6"
    words = [*_address(family, "saddr", flow.local), *_address(family, "daddr", flow.remote)]
    words += [f"meta l4proto {flow.protocol}"]
    words += _ports(flow.protocol, "sport", flow.local_ports) + _ports(
        flow.protocol, "dport", flow.remote_ports
    )
    return " ".join([*words, f"{family} dscp set {dscp}"])


def _address(family: str, which: str, address: Address) -> list[str]:
    return [f"{family} {which} {address}"]


def _ports(protocol: str, which: str, ports: tuple[int, ...]) -> list[str]:
    return [f"{protocol} {which} {{ {', '.join(map(str, ports))} }}"] if ports else []
