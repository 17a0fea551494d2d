"""A controller by os-ken that finds the links between switches: `python -m ofgw.topology.discovery`.

It is the gateway's default controller where the settings say so: outside the slots the switches talk to it.
It sends a frame out of every port each second, has the switches send such frames up to it, and writes what it
knows into a file, whole or not at all (docs/adr/0022: why not `os_ken.topology`).

It forwards nothing, and leaves nothing in a switch: its flow ends by itself when it is not renewed.
"""

import argparse
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import structlog
from os_ken.base import app_manager
from os_ken.cfg import CONF
from os_ken.controller import ofp_event
from os_ken.controller.handler import DEAD_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_0, ofproto_v1_2, ofproto_v1_3, ofproto_v1_4

from ofgw.topology.links import LinkTable
from ofgw.topology.lldp import ETHERTYPE, NEAREST_BRIDGE, read_frame, write_frame
from ofgw.topology.model import Discovered, Link, spelled
from ofgw.topology.store import read_discovered, write_discovered

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NAME = "ofgw.topology.discovery"
BEAT = timedelta(seconds=1)
"""Between two frames out of a port."""
LOST_AFTER = 4 * BEAT
FLOW_SECONDS = 10
RENEWED_EVERY = 3
"""Beats between two renewals of the flow."""
WRITTEN_EVERY = 10
"""Beats after which the file is written though nothing has changed but times."""
PRIORITY = 0xFFFF


class Discovery(app_manager.OSKenApp):  # type: ignore[misc]
    """Switches, the frames between them, and the file. Set `file` before os-ken makes one."""

    OFP_VERSIONS = tuple(
        version.OFP_VERSION for version in (ofproto_v1_0, ofproto_v1_2, ofproto_v1_3, ofproto_v1_4)
    )
    file: ClassVar[Path]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._key = secrets.token_bytes(32)
        # Handlers, and the beat, are threads.
        self._lock = threading.Lock()
        self._links = LinkTable(LOST_AFTER, read_discovered(self.file).links)
        self._switches: dict[int, Any] = {}
        self._written: Discovered | None = None
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    @set_ev_cls(ofp_event.EventOFPStateChange, [MAIN_DISPATCHER, DEAD_DISPATCHER])  # type: ignore[untyped-decorator]
    def meet(self, event: Any) -> None:
        """A switch has come, or a connection has gone."""
        switch, dpid = event.datapath, event.datapath.id
        if dpid is None:
            return
        if event.state == MAIN_DISPATCHER:
            with self._lock:
                self._switches[dpid] = switch
                self._links.enter(spelled(dpid), _now())
            _ask_for_frames(switch)
            _send_frames(switch, self._key)
            return
        with self._lock:
            # One that has connected anew meanwhile is not gone.
            if self._switches.get(dpid) is switch:
                del self._switches[dpid]
                self._links.leave(spelled(dpid))

    @set_ev_cls(ofp_event.EventOFPPortStatus, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def change_port(self, event: Any) -> None:
        """A port has come, gone or changed."""
        message = event.msg
        gone = message.reason == message.datapath.ofproto.OFPPR_DELETE
        if gone or not _is_up(message.datapath, message.desc):
            with self._lock:
                self._links.lose_port(spelled(message.datapath.id), message.desc.port_no)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def receive(self, event: Any) -> None:
        """A frame has come up from a switch."""
        message = event.msg
        sent = read_frame(bytes(message.data), key=self._key)
        if sent is None:
            return
        dpid, port = sent
        with self._lock:
            link = Link(spelled(dpid), port, spelled(message.datapath.id), _in_port(message))
            self._links.see(link, _now())

    def _beat(self) -> None:
        beats, pause = 0, threading.Event()
        while True:
            pause.wait(BEAT.total_seconds())
            beats += 1
            with self._lock:
                switches = list(self._switches.values())
            self.reach_all(switches, renew=beats % RENEWED_EVERY == 0)
            try:
                self._write(anyway=beats % WRITTEN_EVERY == 0)
            except Exception:
                # A full disk: what was found is kept in mind, and written when there is room.
                log.exception("discovery-not-written")

    def reach_all(self, switches: Iterable[Any], *, renew: bool) -> None:
        """Send frames out of each, and have each send us what arrives if that is to be renewed."""
        for switch in switches:
            try:
                # Something to each: os-ken's threads do not learn otherwise that a connection is gone.
                if renew:
                    _ask_for_frames(switch)
                _send_frames(switch, self._key)
            except Exception:
                # A connection that ends just now, which os-ken does not keep to itself.
                log.exception("switch-not-reached", dpid=spelled(switch.id))

    def _write(self, *, anyway: bool) -> None:
        now = _now()
        with self._lock:
            self._links.expire(now)
            known = Discovered(now, self._links.switches, self._links.links)
        if anyway or self._written is None or _facts(known) != _facts(self._written):
            write_discovered(self.file, known)
            self._written = known


def main(arguments: Sequence[str] | None = None) -> None:
    """Discover until ended, or until standard input ends, so that it does not outlive who started it."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__.partition("\n")[0])
    parser.add_argument("host", help="address to listen on for switches")
    parser.add_argument("port", type=int, help="TCP port")
    parser.add_argument("file", type=Path, help="written anew whenever something has changed")
    given = parser.parse_args(arguments)
    # Where os-ken loads the class from; not from this module, which is __main__.
    from ofgw.topology.discovery import Discovery as Loaded  # noqa: PLC0415

    Loaded.file = given.file
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    listen = ["--ofp-listen-host", given.host, "--ofp-tcp-listen-port", str(given.port)]
    CONF(listen, project="ofgw", default_config_files=[])
    app_manager.AppManager.run_apps([NAME])


def _end_with_input() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    # os-ken's threads cannot be ended; the file is whole at any moment.
    os._exit(0)


def _ask_for_frames(switch: Any) -> None:
    """Have the switch send our frames up, for a while."""
    protocol, parser = switch.ofproto, switch.ofproto_parser
    common = {"priority": PRIORITY, "idle_timeout": 0, "hard_timeout": FLOW_SECONDS}
    if protocol.OFP_VERSION == ofproto_v1_0.OFP_VERSION:
        match = parser.OFPMatch(dl_type=ETHERTYPE, dl_dst=NEAREST_BRIDGE)
        send = [parser.OFPActionOutput(protocol.OFPP_CONTROLLER, 0xFFFF)]
        switch.send_msg(parser.OFPFlowMod(switch, match, 0, protocol.OFPFC_ADD, actions=send, **common))
        return
    match = parser.OFPMatch(eth_type=ETHERTYPE, eth_dst=NEAREST_BRIDGE)
    send = [parser.OFPActionOutput(protocol.OFPP_CONTROLLER, protocol.OFPCML_NO_BUFFER)]
    apply = [parser.OFPInstructionActions(protocol.OFPIT_APPLY_ACTIONS, send)]
    switch.send_msg(parser.OFPFlowMod(switch, match=match, instructions=apply, **common))


def _send_frames(switch: Any, key: bytes) -> None:
    """One out of each port that has something plugged in."""
    protocol, parser = switch.ofproto, switch.ofproto_parser
    ports = [port for port in list(switch.ports.values()) if _is_up(switch, port)]
    if not ports:
        switch.send_msg(parser.OFPEchoRequest(switch))
    none = (
        protocol.OFPP_NONE if protocol.OFP_VERSION == ofproto_v1_0.OFP_VERSION else protocol.OFPP_CONTROLLER
    )
    for port in ports:
        frame = write_frame(
            switch.id, port.port_no, source=bytes.fromhex(port.hw_addr.replace(":", "")), key=key
        )
        out = [parser.OFPActionOutput(port.port_no)]
        switch.send_msg(
            parser.OFPPacketOut(datapath=switch, buffer_id=0xFFFFFFFF, in_port=none, actions=out, data=frame)
        )


def _is_up(switch: Any, port: Any) -> bool:
    protocol = switch.ofproto
    down = port.state & protocol.OFPPS_LINK_DOWN or port.config & protocol.OFPPC_PORT_DOWN
    return not down and port.port_no <= protocol.OFPP_MAX


def _in_port(message: Any) -> int:
    if message.datapath.ofproto.OFP_VERSION == ofproto_v1_0.OFP_VERSION:
        return int(message.in_port)
    return int(message.match["in_port"])


def _facts(known: Discovered) -> tuple[object, ...]:
    return known.switches, tuple(seen.link for seen in known.links)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
