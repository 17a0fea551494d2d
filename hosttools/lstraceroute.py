"""`lstraceroute`: the routers a flow passes before, during and after a ticket (docs/lsiperf.md)."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any, NoReturn

from hosttools.ending import ended, when_told
from hosttools.flow import Flow, local_address, resolve
from hosttools.hops import Hop, table, trace
from hosttools.network import inside
from hosttools.options import Parser, add_ticket_options, add_trace_options
from hosttools.programs import ToolError, require
from hosttools.standing import Standing, standing_now
from hosttools.station import Surroundings, TicketRefused, Wish, look_around, ticket_request
from lambdastation.client import Client, ClientError, Mode, Ticket

_EPILOG = """
The station and our certificate: LAMBDASTATION_URL, _CA, _CERT and _KEY, or /etc/lambdastation/ost2.conf.
Exit status: 0 done; 1 traceroute failed; 2 bad options or settings, or something is missing here; 3 no
ticket, or it was not active; 129, 130 and 143 ended by SIGHUP, Ctrl-C and SIGTERM, the ticket that it has
opened is given up then too.
"""
_RELEASED_WITHIN = timedelta(seconds=120)
VERSION = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """The routers at a time, and which path the station says that is."""

    when: str
    at: datetime
    standing: Standing
    hops: tuple[Hop, ...]


class Tracing:
    """One call: what is traced, and what was found so far."""

    def __init__(self, flow: Flow, options: argparse.Namespace, client: Client, around: Surroundings) -> None:
        """Nothing is sent yet."""
        self._flow, self._options, self._client, self._around = flow, options, client, around
        self._dscp = max(options.dscp or 0, 0)
        self.traces: list[Trace] = []
        self.ticket: Ticket | None = None

    def look(self, when: str) -> None:
        """Trace the flow as it goes now.

        Raises:
            ToolError: traceroute fails, or the station does not answer.
        """
        try:
            now = standing_now(self._client, self._flow, self._dscp, self._around)
        except ClientError as error:
            raise TicketRefused(f"{error} ({error.code})") from None
        at = datetime.now(UTC)
        options = self._options
        with inside(options.netns):
            hops = trace(self._flow, self._dscp, most_hops=options.max_hops, wait_seconds=options.wait)
        self.traces.append(Trace(when, at, now, tuple(hops)))

    def look_with_a_ticket(self, wish: Wish) -> None:
        """Trace it before, during and after a ticket; one that was there already is left, and has no after.

        Raises:
            ToolError: traceroute fails, or there is no ticket.
        """
        asked = ticket_request(self._flow, wish, self._around.ends)
        self.look("before")
        try:
            opened = self._client.open(asked, mode=wish.mode)
            if (opened.answered or wish.mode) is not Mode.NEW:
                self._look_during(opened.ticket_id)
                return
            with self._client.given_up_after(opened.ticket_id):
                self._look_during(opened.ticket_id)
            self.ticket = self._client.wait_until_over(opened.ticket_id, within=_RELEASED_WITHIN)
        except ClientError as error:
            raise TicketRefused(f"{error} ({error.code})") from None
        self._dscp = max(wish.dscp or 0, 0)
        self.look("after")

    def _look_during(self, ticket_id: int) -> None:
        self.ticket = ticket = self._client.wait_until_active(ticket_id)
        if ticket.dscp_out is not None:
            self._dscp = ticket.dscp_out
        self.look("during")


def main() -> int:
    """Run the command; the exit status is in `--help`."""
    when_told(_end, signal.SIGTERM, signal.SIGHUP)
    return ended("lstraceroute", carry_out)


def carry_out(words: Sequence[str]) -> int:
    """What these words ask for; the exit status.

    Raises:
        ToolError: it cannot be done.
    """
    options = read_options(words)
    require("traceroute")
    remote = resolve(options.host)
    with inside(options.netns):
        local = local_address(remote) if options.source is None else resolve(options.source)
    flow = flow_of(options, local, remote)
    with Client.from_environment(os.environ) as client:
        tracing = Tracing(flow, options, client, look_around(client, flow))
        if options.now:
            tracing.look("now")
        else:
            tracing.look_with_a_ticket(wish_of(options))
    if options.json:
        print(json.dumps(document(flow, tracing)))  # noqa: T201
    else:
        for line in report(flow, tracing.traces):
            print(line)  # noqa: T201
    return 0


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """The options.

    Raises:
        ToolError: they are not understood, or exclude each other.
    """
    parser = Parser(
        prog="lstraceroute",
        description="The routers that a flow passes before, during and after a ticket, side by side.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("host", metavar="HOST", help="the other end")
    add_trace_options(parser)
    add_ticket_options(parser)
    options = parser.parse_args(list(words))
    if options.protocol == "icmp" and (options.port is not None or options.sport is not None):
        raise ToolError("icmp has no ports: leave --port and --sport out")
    if options.now and options.dscp is not None and options.dscp < 0:
        raise ToolError("--now opens no ticket that could have a code point: name one with --dscp")
    return options


def flow_of(options: argparse.Namespace, local: Any, remote: Any) -> Flow:
    """The flow that the options name."""
    if options.protocol == "icmp":
        return Flow("icmp", local, (), remote, ())
    port = options.port or 5201
    return Flow(options.protocol, local, (options.sport,) if options.sport else (), remote, (port,))


def wish_of(options: argparse.Namespace) -> Wish:
    """The ticket that the options ask for."""
    return Wish(
        mode=Mode(options.mode),
        path=options.path,
        local_client=options.src_client,
        remote_site=options.dst_site,
        remote_client=options.dst_client,
        out_bandwidth=options.out_bw,
        in_bandwidth=options.in_bw,
        dscp=options.dscp,
        travel_seconds=options.travel or 600,
    )


def report(flow: Flow, traces: Sequence[Trace]) -> list[str]:
    """What people read: which path at each time and why, and the hops beside each other."""
    lines = [str(flow)]
    lines += [f"{each.when:>7}: {each.standing.path}, {each.standing.why}" for each in traces]
    return [*lines, *table([(f"  {each.when}", each.hops) for each in traces])]


def document(flow: Flow, tracing: Tracing) -> dict[str, Any]:
    """What programs read (docs/lsiperf.md)."""
    ticket = tracing.ticket
    return {
        "lstraceroute": VERSION,
        "flow": str(flow),
        "ticketId": None if ticket is None else ticket.ticket_id,
        "traces": [
            {
                "when": each.when,
                "at": each.at.isoformat(),
                "on": each.standing.on.value,
                "path": each.standing.path,
                "why": each.standing.why,
                "hops": [asdict(hop) for hop in each.hops],
            }
            for each in tracing.traces
        ],
    }


def _end(number: int, _: FrameType | None) -> NoReturn:
    """What was begun is given up on the way out."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
