"""A controller by os-ken: writes a line of JSON for what it sees, and puts one flow into each switch.

`python -m tests.functional.ofgw.osken_app HOST PORT COOKIE [--master] [--deaf]`; the flow carries the cookie.
With `--master` it asks for a role, with `--deaf` to be told of nothing; both go with its connection.
"""

import json
import sys
from typing import Any

from os_ken.base import app_manager
from os_ken.cfg import CONF
from os_ken.controller import ofp_event
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
from os_ken.ofproto import ofproto_v1_3

NAME = "tests.functional.ofgw.osken_app"


class Controller(app_manager.OSKenApp):  # type: ignore[misc]
    """Sees switches, and marks each with a flow."""

    OFP_VERSIONS = (ofproto_v1_3.OFP_VERSION,)
    cookie = 0
    master = False
    deaf = False

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def enter(self, event: Any) -> None:
        """A switch has said which it is."""
        switch = event.datapath
        if self.master:
            role = switch.ofproto.OFPCR_ROLE_MASTER
            switch.send_msg(switch.ofproto_parser.OFPRoleRequest(switch, role, 0))
        if self.deaf:
            nothing = [0, 0]
            switch.send_msg(switch.ofproto_parser.OFPSetAsync(switch, nothing, nothing, nothing))
        match = switch.ofproto_parser.OFPMatch()
        switch.send_msg(switch.ofproto_parser.OFPFlowMod(switch, cookie=self.cookie, match=match))
        switch.send_msg(switch.ofproto_parser.OFPBarrierRequest(switch))
        self.tell(switch=switch.id, version=switch.ofproto.OFP_VERSION)

    @set_ev_cls(ofp_event.EventOFPBarrierReply, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def marked(self, event: Any) -> None:
        """A switch has the flow."""
        self.tell(marked=event.msg.datapath.id)

    @set_ev_cls(ofp_event.EventOFPErrorMsg, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def refused(self, event: Any) -> None:
        """A switch refuses something."""
        self.tell(error=event.msg.type, code=event.msg.code)

    def tell(self, **words: object) -> None:
        """One line."""
        print(json.dumps(words), flush=True)  # noqa: T201


def main() -> None:
    """Listen until ended."""
    # Where os-ken loads the class from; not this module, which is __main__.
    from tests.functional.ofgw.osken_app import Controller as Loaded  # noqa: PLC0415

    host, port, cookie, *options = sys.argv[1:]
    Loaded.cookie, Loaded.master, Loaded.deaf = int(cookie), "--master" in options, "--deaf" in options
    Loaded.OFP_VERSIONS = (ofproto_v1_3.OFP_VERSION,)
    addresses = ["--ofp-listen-host", host, "--ofp-tcp-listen-port", port]
    CONF(addresses, project="ofgw-test", default_config_files=[])
    app_manager.AppManager.run_apps([NAME])


if __name__ == "__main__":
    main()
