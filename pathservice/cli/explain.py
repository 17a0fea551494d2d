"""`pathservice site explain`: which rule of a site file decides for a request, and why none before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from lambdastation.authorization import Verdict, judge
from lambdastation.bandwidth import format_bandwidth, parse_bandwidth
from lambdastation.caller import Caller, Operation
from lambdastation.extent import UNKNOWN, Extent
from lambdastation.site import Site
from lambdastation.site_words import Duration
from lambdastation.slots import spoken
from lambdastation.subjects import parse_subject
from pathservice.cli import options
from pathservice.cli.screen import console, plain, show_json, show_table
from pathservice.settings import EXAMPLE_SITE
from pathservice.sitefile import load_site_file
from pathservice.yamltree import Tree, read_tree

DENIED = 3
"""Exit status of a no; 1 is for a site file that cannot be used, 2 for a question that cannot be."""

ABOUT_A_TICKET = frozenset({Operation.OPEN_TICKET, Operation.UPDATE_FLOWS, Operation.CANCEL_TICKET})
"""Operations that rules for some clients or topologies bind; others, such rules allow wholly."""


def _subject(given: str) -> str:
    try:
        parse_subject(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return given


def _bandwidth(given: str) -> int:
    try:
        return parse_bandwidth(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _duration(given: str) -> timedelta:
    try:
        return TypeAdapter[timedelta](Duration).validate_python(given)
    except ValidationError as error:
        raise typer.BadParameter("a duration is written P30D, PT12H or PT600S") from error


def _time(given: str) -> datetime:
    try:
        time = datetime.fromisoformat(given)
    except ValueError as error:
        raise typer.BadParameter("a time is written 2026-01-31T12:00:00Z") from error
    if time.utcoffset() is None:
        raise typer.BadParameter("a time carries its zone, as in 2026-01-31T12:00:00Z")
    return time


@dataclass(frozen=True, slots=True)
class _PassedOver:
    """A rule that does not match, where it stands, and why."""

    rule: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is told.

    Attributes:
        rule, line: the rule that decides, from 1, and where it stands; None where none matches.
        operator: the rule is for others' tickets too.
        limits: what of the site's `limits` refuses it whatever the rules say.
        conditions: what the rule asks of what was not given.
        passed_over: the rules before it, or all.
    """

    allowed: bool
    rule: int | None
    line: int | None
    operator: bool
    limits: tuple[str, ...]
    conditions: tuple[str, ...]
    passed_over: tuple[_PassedOver, ...]


def explain(
    file: Annotated[Path, typer.Argument(help="The site file.")] = EXAMPLE_SITE,
    *,
    subject: Annotated[
        str, typer.Option(parser=_subject, metavar="NAME", help="Who asks, as RFC 4514 writes it.")
    ],
    issuer: Annotated[
        str | None,
        typer.Option(
            parser=_subject, metavar="NAME", help="Whose certificate it is; else of nobody a rule names."
        ),
    ] = None,
    operation: Annotated[Operation, typer.Option(help="The request.")] = Operation.OPEN_TICKET,
    client: Annotated[str | None, typer.Option(help="Our client whose traffic it is about.")] = None,
    topology: Annotated[str | None, typer.Option(help="The path, by its name or colour.")] = None,
    bandwidth: Annotated[
        int | None,
        typer.Option(parser=_bandwidth, metavar="WORD", help="The larger of the two ways: 500M, 5G."),
    ] = None,
    duration: Annotated[
        timedelta | None, typer.Option(parser=_duration, metavar="PT1H", help="For how long.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(parser=_time, metavar="TIME", help="From when; with --duration.", show_default="now"),
    ] = None,
    horizon: Annotated[
        timedelta | None,
        typer.Option(parser=_duration, metavar="P2D", help="How far ahead it ends, instead."),
    ] = None,
    live_tickets: Annotated[
        int | None, typer.Option(min=1, help="Tickets of the subject's that are not over, this one included.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Say which rule decides for a request, and why none before it. Exit status 3 if the answer is no."""
    site = load_site_file(file).site
    tree = read_tree(file.read_bytes())
    extent = Extent(
        out_bits_per_second=bandwidth,
        in_bits_per_second=bandwidth,
        duration=duration,
        horizon=_ahead(duration, start, horizon),
        live_tickets=live_tickets,
    )
    client, topology = _client(site, client), _topology(site, topology)
    verdict = judge(
        site, Caller(subject, issuer or ""), operation, client=client, topology=topology, extent=extent
    )
    if operation is not Operation.OPEN_TICKET:
        extent = UNKNOWN
    limits = tuple(_site_limits(site, extent)) if verdict.allowed else ()
    answer = _Answer(
        allowed=verdict.allowed and not limits,
        rule=verdict.number,
        line=None if verdict.number is None else _line(tree, verdict.number),
        operator=verdict.rule is not None and verdict.rule.operator,
        limits=limits,
        conditions=tuple(_conditions(verdict, operation, client, topology, extent)),
        passed_over=tuple(
            _PassedOver(passed.number, _line(tree, passed.number), passed.reason)
            for passed in verdict.passed_over
        ),
    )
    if as_json:
        show_json(answer)
    else:
        _show(answer, file, f"{operation} by {subject}")
    if not answer.allowed:
        raise typer.Exit(DENIED)


def _ahead(duration: timedelta | None, start: datetime | None, horizon: timedelta | None) -> timedelta | None:
    if horizon is not None or start is None:
        if start is not None:
            raise typer.BadParameter("--start and --horizon say the same; give one of them")
        return horizon or duration
    if duration is None:
        raise typer.BadParameter("--start says when it ends only with --duration")
    try:
        return start - datetime.now(UTC) + duration
    except OverflowError as error:
        raise typer.BadParameter("--start and --duration lead beyond all calendars") from error


def _client(site: Site, name: str | None) -> str | None:
    if name is not None and site.client(name) is None:
        there = ", ".join(client.name for client in site.clients) or "none"
        raise typer.BadParameter(f"{site.name} has no client {name!r}; there is {there}")
    return name


def _topology(site: Site, word: str | None) -> str | None:
    """The colour of a path that tickets are for."""
    if word is None:
        return None
    found = site.topology(word)
    if found is None or found.production:
        there = ", ".join(topology.name for topology in site.topologies if not topology.production) or "none"
        raise typer.BadParameter(f"{site.name} has no alternate topology {word!r}; there is {there}")
    return found.name


def _site_limits(site: Site, extent: Extent) -> Iterator[str]:
    if extent.duration is not None and extent.duration > site.limits.longest:
        yield f"a ticket lasts at most {spoken(site.limits.longest)} here"
    if extent.horizon is not None and extent.horizon > site.limits.horizon:
        yield f"a ticket ends at most {spoken(site.limits.horizon)} ahead here"


def _conditions(
    verdict: Verdict, operation: Operation, client: str | None, topology: str | None, extent: Extent
) -> Iterator[str]:
    """What the rule that allows asks of what was not given."""
    rule = verdict.rule
    if rule is None or not verdict.allowed or operation not in ABOUT_A_TICKET:
        return
    if rule.clients is not None and client is None:
        yield f"the client is {' or '.join(rule.clients)}"
    if rule.topologies is not None and topology is None:
        yield f"the topology is {' or '.join(rule.topologies)}"
    if operation is not Operation.OPEN_TICKET:
        return
    if rule.bandwidth is not None and extent.out_bits_per_second is None:
        yield f"it takes at most {format_bandwidth(rule.bandwidth)} each way"
    if rule.duration is not None and extent.duration is None:
        yield f"it lasts at most {spoken(rule.duration)}"
    if rule.horizon is not None and extent.horizon is None:
        yield f"it ends at most {spoken(rule.horizon)} ahead"
    if rule.live_tickets is not None and extent.live_tickets is None:
        yield f"the subject's tickets that are not over are at most {rule.live_tickets}, this one included"


def _line(tree: Tree, number: int) -> int:
    return tree.line(("authorization", number - 1))


def _show(answer: _Answer, file: Path, request: str) -> None:
    word = "[bold green]allowed[/]" if answer.allowed else "[bold red]denied[/]"
    console().print(f"{word} ", end="")
    console().print(plain(request), markup=False)
    console().print(_decision(answer, file), markup=False)
    if answer.conditions:
        console().print("as long as")
    for condition in answer.conditions:
        console().print(f"  {condition}", markup=False)
    if answer.passed_over:
        console().print()
        rows = [(f"rule {over.rule}", str(over.line), over.reason) for over in answer.passed_over]
        show_table(("passed over", "line", "because it"), rows, empty="")


def _decision(answer: _Answer, file: Path) -> str:
    if answer.rule is None:
        return "no rule matches, and then the answer is no"
    rule = f"rule {answer.rule}, {file}:{answer.line}"
    if answer.limits:
        return f"{rule}, would allow it, but {' and '.join(answer.limits)}"
    return f"by {rule}" + (", as an operator: tickets of others too" if answer.operator else "")
