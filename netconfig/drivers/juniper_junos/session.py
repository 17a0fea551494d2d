"""What the driver asks of a router: its words for NETCONF's operations."""

from lxml import etree

from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.neighbours import HOPS, PATIENCE, PROBES, answers, refused
from netconfig.drivers.juniper_junos.reading import request
from netconfig.drivers.juniper_junos.tree import Element, build
from netconfig.errors import StateUnknown, Unreachable, Waiting
from netconfig.intent import IpAddress
from netconfig.transport.netconf import OPERATION, NetconfSession, RpcRefused

CANDIDATE = {"target": {"candidate": None}}


class Session:
    """One router."""

    def __init__(self, device: str, netconf: NetconfSession) -> None:
        self._device = device
        self._netconf = netconf

    def read(self, names: Names) -> Element:
        """What is committed, as far as it is of concern to us.

        Raises:
            Waiting: it may be taken back in a moment, for somebody has committed it for a trial.
            Unreachable: no session, or it broke.
            StateUnknown: it refused, or what it says makes no sense.
        """
        try:
            self.check_settled(may_open=True)
            return self.read_trial(names)
        except RpcRefused as refused:
            raise StateUnknown(self._device, f"it refused to tell its configuration: {refused}") from refused

    def read_trial(self, names: Names) -> Element:
        """The same, be it committed for a trial or not.

        Raises:
            RpcRefused: it does not tell.
            Unreachable, StateUnknown: as `read`.
        """
        get = build("get-config", {"source": {"running": None}})
        wanted = etree.SubElement(get, "filter", {"type": "subtree"})
        wanted.append(request(names))
        reply = self._ask(get)
        found = reply.find("data")
        configuration = None if found is None else found.find("configuration")
        if found is None or (configuration is None and len(found)):
            raise StateUnknown(self._device, "its answer is no configuration")
        return build("configuration") if configuration is None else configuration

    def counters(self) -> Element:
        """What the filters in force have counted: Junos' answer to `show firewall`.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: it refused, or what it says makes no sense.
        """
        try:
            return self._ask(build("get-firewall-information"), may_open=True)
        except RpcRefused as refused:
            raise StateUnknown(self._device, f"it refused to tell its counters: {refused}") from refused

    def is_answered(self, next_hop: IpAddress) -> bool:
        """Whether a next hop answers the router's echo requests now.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: it does not tell.
        """
        ping = build(
            "ping",
            {
                "host": str(next_hop),
                "count": str(PROBES),
                "wait": str(PATIENCE),
                "ttl": str(HOPS),
                "no-resolve": None,
            },
        )
        try:
            return answers(self._device, next_hop, self._ask(ping, may_open=True))
        except RpcRefused as told:
            return refused(self._device, next_hop, str(told))

    def lock(self) -> None:
        """Have the candidate for us alone.

        Raises:
            Waiting: somebody else has it.
            StateUnknown: somebody's changes are in it that were not committed.
        """
        try:
            self._ask(build("lock", CANDIDATE), may_open=True)
        except RpcRefused as refused:
            if "modified" in str(refused):
                words = f"somebody's uncommitted changes are in its candidate: {refused}"
                raise StateUnknown(self._device, words) from refused
            raise Waiting(self._device, f"its configuration is not to be had: {refused}") from refused

    def edit(self, group: Element) -> None:
        """Replace the whole group in the candidate.

        Raises:
            RpcRefused: the router does not take it; the candidate may hold some of it.
        """
        edit = build("edit-config", {**CANDIDATE, "default-operation": "merge"})
        group.set(OPERATION, "replace")
        configuration = build("configuration")
        configuration.append(group)
        config = etree.SubElement(edit, "config")
        config.append(configuration)
        self._ask(edit)

    def validate(self) -> None:
        """Have the candidate checked as for a commit.

        Raises:
            RpcRefused: it would not be committed.
        """
        self._ask(build("validate", {"source": {"candidate": None}}))

    def commit_for(self, seconds: int) -> None:
        """Commit; if that is not confirmed in so many seconds, or the session ends, the router takes it back.

        Raises:
            RpcRefused: nothing was committed.
        """
        self._ask(build("commit", {"confirmed": None, "confirm-timeout": str(seconds)}))

    def confirm(self) -> None:
        """Let what was committed for a trial stay."""
        self._ask(build("commit"))

    def unlock(self) -> None:
        """Give the candidate back."""
        self._ask(build("unlock", CANDIDATE))

    def discard(self) -> None:
        """Take out of the candidate whatever was not committed."""
        self._ask(build("discard-changes"))

    def _ask(self, operation: Element, *, may_open: bool = False) -> Element:
        try:
            return self._netconf.request(operation, may_open=may_open)
        except (ValueError, etree.XMLSyntaxError) as error:
            # So ends the library's reading of what is no text, or no XML.
            self._netconf.close()
            raise Unreachable(self._device, f"what it says is no NETCONF: {error}") from error

    def close(self) -> None:
        """End it. Safe at any time, from any thread."""
        self._netconf.close()

    def check_settled(self, *, may_open: bool = False) -> None:
        """See that nothing is committed for a trial only: a commit of ours would make it stay.

        Raises:
            Waiting: something is.
            RpcRefused: the router does not tell.
        """
        said = self._ask(build("get-commit-information"), may_open=may_open)
        latest = said.find(".//commit-history")
        words = " ".join(map(str, latest.itertext())) if latest is not None else ""
        if "commit confirmed" in words:
            raise Waiting(self._device, "somebody's `commit confirmed` waits to be confirmed or rolled back")
