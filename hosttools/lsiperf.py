"""`lsiperf`: iperf3, or a transfer that runs, with a ticket under it. docs/lsiperf.md tells it all."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from hosttools.attaching import Attached, Sought, find_flow
from hosttools.ending import ended, when_told
from hosttools.flow import Flow, resolve
from hosttools.iperf import IperfCall, RunningIperf, read_call
from hosttools.network import inside
from hosttools.options import read_options, split
from hosttools.programs import ToolError, require
from hosttools.record import Record, document
from hosttools.run import Plan, Run, Stopped
from hosttools.standing import Standing, standing_now
from hosttools.station import Surroundings, TicketRefused, Wish, if_allowed, look_around
from lambdastation.client import Client, ClientError, Mode

_USUAL_TRAVEL_SECONDS = 600
_FIGURES = frozenset({".png", ".svg", ".pdf"})


def main() -> int:
    """Run the command; the exit status is in `--help`."""
    return ended("lsiperf", carry_out)


def carry_out(words: Sequence[str]) -> int:
    """The run that these words ask for; its exit status.

    Raises:
        ToolError: it cannot be done, or failed.
    """
    own, iperf_words = split(words)
    options = read_options(own)
    if options.plot is not None:
        check_figure(options.plot)
    call = None if options.attach else read_call(iperf_words or ())
    if options.attach and iperf_words is not None:
        raise ToolError("--attach is for a transfer that runs: no iperf3 arguments after --")
    require(
        "ss", "ip", *(("iperf3", "setpriv") if call else ()), *(("nft",) if options.dscp is not None else ())
    )
    with inside(options.netns):
        flow = find_flow(_sought(options)) if call is None else call.flow()
    with Client.from_environment(os.environ) as client:
        around = look_around(client, flow)
        before = _standing_before(client, flow, around)
        stopped = Stopped()
        when_told(stopped, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        with inside(options.netns) as home:
            run = Run(flow, make_plan(options, call), client, around, before, home)
            said, failed = _transfer(run, flow, call, options.interval, stopped)
    if run.left is not None:
        print(f"lsiperf: {run.left}", file=sys.stderr)  # noqa: T201 - a command's words
    if failed is None:
        _report(run.record, said, as_json=options.json)
    if options.plot is not None and run.record.moments:
        _draw(run.record, options.plot)
    if stopped.number is not None:
        return 128 + stopped.number
    if failed is not None:
        raise failed
    if not run.was_active():
        raise TicketRefused(f"the ticket was not active: {run.why_not_active()}")
    return 0 if run.left is None else TicketRefused.status


def _standing_before(client: Client, flow: Flow, around: Surroundings) -> Standing | None:
    """Where the flow goes before we ask for anything; None where the station keeps its tickets from us."""
    try:
        return if_allowed(lambda: standing_now(client, flow, None, around), None)
    except ClientError as error:
        raise TicketRefused(f"{error} ({error.code})") from None


def make_plan(options: argparse.Namespace, call: IperfCall | None) -> Plan:
    """What is done when: by default the ticket has the middle half of a transfer whose length is known."""
    seconds = None if call is None else call.seconds
    if call is None or seconds is None:
        after, travel = (0.0 if call is None else 2.0), _USUAL_TRAVEL_SECONDS
    elif options.first:
        after, travel = 0.0, seconds + 10
    else:
        after, travel = seconds / 4, max(round(seconds / 2), 1)
    wish = Wish(
        mode=Mode(options.mode),
        path=options.path,
        local_client=options.src_client,
        remote_site=options.dst_site,
        remote_client=options.dst_client,
        out_bandwidth=options.out_bw,
        in_bandwidth=options.in_bw,
        dscp=options.dscp,
        travel_seconds=options.travel or travel,
    )
    return Plan(
        wish=wish,
        after_seconds=None if options.first else after if options.after is None else options.after,
        interval_seconds=options.interval,
        watch_seconds=options.seconds,
        cancel=options.cancel,
        quiet=options.quiet,
    )


def check_figure(file: Path) -> None:
    """Say before the run what would keep a figure from being drawn after it.

    Raises:
        ToolError: something would.
    """
    if file.suffix.lower() not in _FIGURES:
        raise ToolError(f"--plot: a file that ends in {', '.join(sorted(_FIGURES))}, not {file.name!r}")
    if not file.absolute().parent.is_dir():
        raise ToolError(f"--plot: there is no folder {file.parent}")
    if file.is_dir() or not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise ToolError(f"--plot: {file} may not be written, or is a folder")
    try:
        import_module("matplotlib")
    except ImportError:
        raise ToolError("--plot takes matplotlib: pip install 'pathservice[plot]'") from None


def _transfer(
    run: Run, flow: Flow, call: IperfCall | None, interval: float, stopped: Stopped
) -> tuple[object, ToolError | None]:
    """What the transfer said of itself, and why it failed if it did."""
    try:
        if call is None:
            return run.carry_out(lambda: Attached(flow), stopped, begun=True), None
        return run.carry_out(lambda: RunningIperf(call, flow.remote, interval), stopped), None
    except ToolError as error:
        return None, error


def _draw(record: Record, file: Path) -> None:
    from hosttools.plot import draw  # noqa: PLC0415 - matplotlib is an extra, and slow to import

    try:
        draw(record, file)
    except OSError as error:
        raise ToolError(f"--plot: {file} cannot be written: {error.strerror}") from None


def _report(record: Record, said: object, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document(record, said)))  # noqa: T201
        return
    for line in summary(record):
        print(line)  # noqa: T201


def summary(record: Record) -> list[str]:
    """A run in a few lines: each phase with its path, its rate and its MTU."""
    lines = [record.flow]
    for phase in record.phases():
        rate = "?" if phase.bits_per_second is None else f"{phase.bits_per_second / 1e6:.1f}"
        mtu = "?" if phase.path_mtu is None else phase.path_mtu
        name = phase.path or phase.on.value
        lines.append(
            f"{phase.start_seconds:7.1f} - {phase.end_seconds:5.1f} s"
            f"  {rate:>10} Mbit/s  MTU {mtu:>6}  {name}"
        )
    if (done := record.transfer) is not None:
        again = "" if done.retransmits is None else f", {done.retransmits} segments sent again"
        lines.append(f"{done.sent_bytes} bytes sent in {done.seconds:.1f} s{again}")
    return lines


def _sought(options: argparse.Namespace) -> Sought:
    return Sought(options.pid, None if options.dst is None else resolve(options.dst), options.port)


if __name__ == "__main__":
    sys.exit(main())
