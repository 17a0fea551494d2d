"""OpenFlow 1.3 with a switch that is dialled: flows read back, and changed in bundles.

Messages are written and read by os-ken's parsers; its applications, its hub and its threads are left out.
A bundle is ONF's extension 230 of 1.3: all of it takes effect at once, or none.
"""

import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from os_ken.ofproto import ofproto_parser
from os_ken.ofproto import ofproto_v1_3 as of
from os_ken.ofproto import ofproto_v1_3_parser as messages
from os_ken.ofproto.ofproto_protocol import ProtocolDesc

from netconfig.errors import StateUnknown, Unreachable
from netconfig.transport.dialled import Dialled
from netconfig.transport.openflow_entry import Entry, Place, read_entry, write_match

_HEADER = struct.Struct("!BBHI")
_LARGEST_HELLO = 1024
_ATOMIC = of.ONF_BF_ATOMIC | of.ONF_BF_ORDERED
_BUNDLE = 1
"""One at a time, in a session of our own."""


class BundleRefused(Exception):
    """A switch took nothing of a bundle.

    Attributes:
        index: of the change that it refused, from 0; None where it named none.
    """

    def __init__(self, words: str, index: int | None) -> None:
        super().__init__(words)
        self.index = index


class _Refused(Exception):
    def __init__(self, xid: int, words: str) -> None:
        super().__init__(words)
        self.xid = xid


class OpenFlow:
    """A session with one switch, at `unix:PATH` or `tcp:HOST:PORT`."""

    def __init__(self, device: str, address: str, *, patience: float) -> None:
        """Nothing is opened yet. `patience`, in seconds, is for each answer; `open` comes before all else."""
        self._device = device
        self._address = address
        self._patience = patience
        self._stream = Dialled(device, address, patience)
        self._pending = bytearray()
        self._protocol = ProtocolDesc(of.OFP_VERSION)
        self._xid = 0

    @property
    def is_connected(self) -> bool:
        """Whether the session is there; it is not once the switch has ended or restarted."""
        return self._stream.is_connected

    def open(self) -> None:
        """Be connected and greeted. What is asked later, and finds the session ended, opens none.

        Raises:
            Unreachable: nobody answers, or it speaks no OpenFlow 1.3.
            StateUnknown: what it says is no OpenFlow.
        """
        if not self._stream.connect():
            return
        self._pending.clear()
        self._send(messages.OFPHello(self._protocol, [self._versions()]))
        version, kind, body = self._hear()
        if kind != of.OFPT_HELLO or len(body) > _LARGEST_HELLO:
            raise self._senseless(f"it begins with a message of type {kind}, not with a hello")
        if version < of.OFP_VERSION:
            self.close()
            words = f"{self._address} speaks no OpenFlow 1.3; set the bridge's protocols"
            raise Unreachable(self._device, words)

    def datapath_id(self) -> int:
        """What the switch is known by.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: what it says is no OpenFlow, or it refused to answer.
        """
        features = self._ask(messages.OFPFeaturesRequest(self._protocol), messages.OFPSwitchFeatures)
        return int(features.datapath_id)

    def ports(self) -> frozenset[int]:
        """The numbers of its ports.

        Raises:
            Unreachable, StateUnknown: as `datapath_id`.
        """
        request = messages.OFPPortDescStatsRequest(self._protocol, 0)
        return frozenset(int(port.port_no) for port in self._ask_all(request, messages.OFPPortDescStatsReply))

    def entries(
        self, *, cookie: int = 0, mask: int = 0, match: Mapping[str, int] | None = None
    ) -> tuple[Entry, ...]:
        """Entries of all tables, those with the masked bits of the cookie, and with this in their match.

        Raises:
            Unreachable, StateUnknown: as `datapath_id`.
        """
        return tuple(map(read_entry, self._statistics(cookie, mask, match or {})))

    def counts(self, *, cookie: int, mask: int) -> dict[Place, tuple[int, int]]:
        """Packets and octets that met the entries of all tables with the masked bits of the cookie.

        Raises:
            Unreachable, StateUnknown: as `datapath_id`.
        """
        return {
            read_entry(found).place: (int(found.packet_count), int(found.byte_count))
            for found in self._statistics(cookie, mask, {})
        }

    def change(self, *, remove: Sequence[Entry], add: Sequence[Entry]) -> None:
        """Take these away and put those there, all in one moment or none; what is removed goes first.

        An entry is removed only as it is: under its own cookie. One that is added takes the place of any with
        its match and priority.

        Raises:
            BundleRefused: nothing was changed.
            Unreachable: no session, or it broke; whether it was done is not known.
            StateUnknown: what the switch says is no OpenFlow.
        """
        mods = [self._removal(entry) for entry in remove] + [self._addition(entry) for entry in add]
        xids: dict[int, int] = {}
        try:
            self._control(of.ONF_BCT_OPEN_REQUEST)
            for index, mod in enumerate(mods):
                added = messages.ONFBundleAddMsg(self._protocol, _BUNDLE, _ATOMIC, mod, [])
                xids[self._send(added)] = index
            self._ask(messages.OFPBarrierRequest(self._protocol), messages.OFPBarrierReply, also=xids)
            self._control(of.ONF_BCT_COMMIT_REQUEST, also=xids)
        except _Refused as refused:
            # A bundle that is not committed ends with its session, and so do the answers still to come.
            self.close()
            raise BundleRefused(str(refused), xids.get(refused.xid)) from None

    def close(self) -> None:
        """End the session. Safe at any time, from any thread."""
        self._stream.close()

    def _statistics(self, cookie: int, mask: int, match: Mapping[str, int]) -> list[Any]:
        request = messages.OFPFlowStatsRequest(
            self._protocol,
            0,
            of.OFPTT_ALL,
            of.OFPP_ANY,
            of.OFPG_ANY,
            cookie,
            mask,
            messages.OFPMatch(**match),
        )
        return self._ask_all(request, messages.OFPFlowStatsReply)

    def _versions(self) -> Any:
        return messages.OFPHelloElemVersionBitmap([of.OFP_VERSION])

    def _control(self, kind: int, also: Mapping[int, int] | None = None) -> None:
        request = messages.ONFBundleCtrlMsg(self._protocol, _BUNDLE, kind, _ATOMIC, [])
        self._ask(request, messages.ONFBundleCtrlMsg, also=also)

    def _addition(self, entry: Entry) -> Any:
        return messages.OFPFlowMod(
            self._protocol,
            cookie=entry.cookie,
            table_id=entry.table,
            command=of.OFPFC_ADD,
            priority=entry.priority,
            match=write_match(entry.match),
            instructions=list(entry.instructions()),
        )

    def _removal(self, entry: Entry) -> Any:
        return messages.OFPFlowMod(
            self._protocol,
            cookie=entry.cookie,
            cookie_mask=2**64 - 1,
            table_id=entry.table,
            command=of.OFPFC_DELETE_STRICT,
            priority=entry.priority,
            out_port=of.OFPP_ANY,
            out_group=of.OFPG_ANY,
            match=write_match(entry.match),
            instructions=[],
        )

    def _ask_all(self, request: Any, kind: type[Any]) -> list[Any]:
        """The bodies of an answer in several messages."""
        found: list[Any] = []
        try:
            reply = self._ask(request, kind)
            while True:
                found += reply.body
                if not reply.flags & of.OFPMPF_REPLY_MORE:
                    return found
                reply = self._answer(request.xid, kind, {})
        except _Refused as refused:
            raise StateUnknown(self._device, f"the switch refused to tell: {refused}") from None

    def _ask(self, request: Any, kind: type[Any], also: Mapping[int, int] | None = None) -> Any:
        try:
            return self._answer(self._send(request), kind, also or {})
        except _Refused as refused:
            if kind is messages.OFPSwitchFeatures:
                raise StateUnknown(self._device, f"the switch refused to tell: {refused}") from None
            raise

    def _answer(self, xid: int, kind: type[Any], also: Mapping[int, int]) -> Any:
        """The answer to that request; what is not asked for is passed over.

        Raises:
            _Refused: it, or one of those that were sent before it, is refused.
        """
        latest = time.monotonic() + self._patience
        while True:
            message = self._next()
            if isinstance(message, messages.OFPErrorMsg) and (message.xid == xid or message.xid in also):
                raise _Refused(message.xid, _words(message))
            if isinstance(message, kind) and message.xid == xid:
                return message
            if time.monotonic() > latest:
                self.close()
                raise self._stream.broken(TimeoutError())

    def _next(self) -> Any:
        version, kind, data = self._hear()
        _, _, length, xid = _HEADER.unpack_from(data)
        if kind == of.OFPT_ECHO_REQUEST:
            self._stream.send(_HEADER.pack(version, of.OFPT_ECHO_REPLY, length, xid) + data[_HEADER.size :])
            return None
        if version != of.OFP_VERSION:
            raise self._senseless(f"a message of version {version} in a session of version {of.OFP_VERSION}")
        message = ofproto_parser.msg(self._protocol, version, kind, length, xid, data)
        if message is None and kind in {of.OFPT_MULTIPART_REPLY, of.OFPT_ERROR, of.OFPT_FEATURES_REPLY}:
            raise self._senseless(f"a message of type {kind} that cannot be read")
        return message

    def _send(self, message: Any) -> int:
        self._xid = self._xid % 0xFFFFFFFF + 1
        message.set_xid(self._xid)
        message.serialize()
        self._stream.send(bytes(message.buf))
        return self._xid

    def _hear(self) -> tuple[int, int, bytes]:
        """Version, type and the whole of the next message."""
        self._fill(_HEADER.size)
        version, kind, length, _ = _HEADER.unpack_from(self._pending)
        if length < _HEADER.size or not 1 <= version <= of.OFP_VERSION + 2:
            raise self._senseless("it has no header of one")
        self._fill(length)
        data = bytes(self._pending[:length])
        del self._pending[:length]
        return version, kind, data

    def _fill(self, length: int) -> None:
        while len(self._pending) < length:
            self._pending += self._stream.receive(65536)

    def _senseless(self, words: str) -> StateUnknown:
        self.close()
        return StateUnknown(self._device, f"what it says at {self._address} is no OpenFlow: {words}")


def _words(error: Any) -> str:
    kind = of.ofp_error_type_to_str(error.type)
    code = of.ofp_error_code_to_str(error.type, getattr(error, "code", getattr(error, "exp_type", 0)))
    return f"refused: {kind}, {code}"
