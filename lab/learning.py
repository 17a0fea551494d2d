"""A learning switch by os-ken, in a process of its own: `python -m lab.learning HOST PORT`.

It begins with an empty table, learns who is where from the frames that it is sent, and writes a line of
JSON for each switch that it meets, with the time in seconds since 1970.
"""

import json
import sys
import time
from typing import Any

from os_ken.base import app_manager
from os_ken.cfg import CONF
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3

NAME = "lab.learning"


class LearningSwitch(app_manager.OSKenApp):  # type: ignore[misc]
    """Frames go where their receiver was last seen, or everywhere."""

    OFP_VERSIONS = (ofproto_v1_3.OFP_VERSION,)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ports: dict[tuple[int, str], int] = {}

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)  # type: ignore[untyped-decorator]
    def take_over(self, event: Any) -> None:
        """Forget what another controller has put there; have sent to us what no flow is for."""
        switch = event.msg.datapath
        kinds, words = switch.ofproto, switch.ofproto_parser
        self._ports = {place: port for place, port in self._ports.items() if place[0] != switch.id}
        switch.send_msg(
            words.OFPFlowMod(
                switch,
                table_id=kinds.OFPTT_ALL,
                command=kinds.OFPFC_DELETE,
                out_port=kinds.OFPP_ANY,
                out_group=kinds.OFPG_ANY,
            )
        )
        self._add_flow(switch, 0, words.OFPMatch(), kinds.OFPP_CONTROLLER)

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def tell(self, event: Any) -> None:
        """A switch is ours."""
        print(json.dumps({"met": event.datapath.id, "at": time.time()}), flush=True)  # noqa: T201

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def learn(self, event: Any) -> None:
        """A frame for which there is no flow yet."""
        message = event.msg
        switch, came_by = message.datapath, message.match["in_port"]
        kinds, words = switch.ofproto, switch.ofproto_parser
        frame = packet.Packet(message.data).get_protocol(ethernet.ethernet)
        self._ports[switch.id, frame.src] = came_by
        leaves_by = self._ports.get((switch.id, frame.dst), kinds.OFPP_FLOOD)
        if leaves_by != kinds.OFPP_FLOOD:
            self._add_flow(switch, 1, words.OFPMatch(in_port=came_by, eth_dst=frame.dst), leaves_by)
        is_kept = message.buffer_id != kinds.OFP_NO_BUFFER
        switch.send_msg(
            words.OFPPacketOut(
                switch,
                buffer_id=message.buffer_id,
                in_port=came_by,
                actions=[words.OFPActionOutput(leaves_by)],
                data=None if is_kept else message.data,
            )
        )

    def _add_flow(self, switch: Any, priority: int, match: Any, port: int) -> None:
        kinds, words = switch.ofproto, switch.ofproto_parser
        output = words.OFPActionOutput(port, kinds.OFPCML_NO_BUFFER)
        act = words.OFPInstructionActions(kinds.OFPIT_APPLY_ACTIONS, [output])
        switch.send_msg(words.OFPFlowMod(switch, priority=priority, match=match, instructions=[act]))


def main() -> None:
    """Listen until ended."""
    host, port = sys.argv[1:]
    addresses = ["--ofp-listen-host", host, "--ofp-tcp-listen-port", port]
    CONF(addresses, project="lab", default_config_files=[])
    app_manager.AppManager.run_apps([NAME])


if __name__ == "__main__":
    main()
