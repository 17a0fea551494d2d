"""A run as a figure: throughput and MTU over time, the path of each time shaded, the ticket's events marked.

It reads without a caption: axes have units, paths stand where they were taken, events have words.
"""

from pathlib import Path as File

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hosttools.record import Event, On, Phase, Record, What
from lambdastation.client import State

_INK = "#1f2430"
_CURVE = "#0b3c5d"
_COLOURS = {
    "blue": "#9ec5e8",
    "red": "#f2a6a0",
    "green": "#a5d8a7",
    "yellow": "#f3e3a0",
    "orange": "#f6c99a",
    "violet": "#cdb4e2",
}
_UNKNOWN = {On.PRODUCTION: "#d5dde3", On.ALTERNATE: "#e8d5bd"}
"""Of paths whose colour has no shade of its own."""
_CHANGING = "#8a8a8a"
_OPACITY = 0.55
_CHANGING_WORDS = "routers are being changed"
_SHOWN = frozenset({What.ASKED, What.STATE, What.REFUSED, What.UNREACHABLE, What.GIVEN_UP})
_NARROW = 0.24
"""Of the axis: what two labels in a row need between them."""
_LEFTWARDS_FROM = 0.76
"""Of the axis: labels of later events stand to the left of their lines."""
_ROW_HEIGHT = 0.06
_WIDE = 0.17
"""Of the axis: what a path's name and average take."""


def draw(record: Record, file: File) -> None:
    """Write the figure to a file, in the format its name ends with.

    Raises:
        OSError: the file cannot be written.
    """
    with mpl.rc_context(
        {
            "font.size": 10,
            "axes.edgecolor": _INK,
            "text.color": _INK,
            "text.parse_math": False,
            "svg.hashsalt": "lsiperf",
        }
    ):
        figure = Figure(figsize=(11, 6.6), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
        figure.suptitle(title(record), fontsize=13, fontweight="bold", x=0.01, ha="left")
        end = max(record.end_seconds(), 1e-3)
        top.set_xlim(0, end)
        _throughput(top, record)
        _mtu(bottom, record)
        for phase in record.phases():
            _shade(top, bottom, record, phase)
        _name_paths(top, record, end)
        _explain_shades(figure, record)
        _mark_events(top, bottom, record, end)
        figure.savefig(file, dpi=130, metadata=_metadata(file))


def title(record: Record) -> str:
    """What is shown, in a line."""
    told = record.ticket
    ticket = "no ticket" if told is None else f"ticket {told.ticket_id} at {told.station}"
    return f"{record.flow.replace(' > ', ' → ').replace(':*', '')}, {ticket}"


def _throughput(axes: Axes, record: Record) -> None:
    edges, rates = stairs(record)
    most = max(rates, default=0.0)
    unit, name = (1e9, "Gbit/s") if most >= 2e9 else (1e6, "Mbit/s")
    if rates:
        scaled = [rate / unit for rate in rates]
        axes.stairs(scaled, edges, baseline=None, color=_CURVE, linewidth=1.8, zorder=3)
    axes.set_ylabel(f"Throughput ({name})")
    axes.set_ylim(0, max(most / unit, 1e-3) * 1.35)
    axes.grid(axis="y", color="white", linewidth=0.8)


def _mtu(axes: Axes, record: Record) -> None:
    axes.set_ylabel("Path MTU (bytes)")
    since = "lsiperf looks at the transfer" if record.attached else "the transfer began"
    axes.set_xlabel(f"Time since {since} (s)")
    known = [moment for moment in record.moments if moment.path_mtu is not None]
    if not known:
        axes.text(0.5, 0.5, "path MTU not known", transform=axes.transAxes, ha="center", va="center")
        axes.set_yticks([])
        return
    sizes = [moment.path_mtu or 0 for moment in known]
    seconds = [0.0, *(moment.seconds for moment in known)]
    axes.step(seconds, [sizes[0], *sizes], where="post", color=_CURVE, linewidth=1.8, zorder=3)
    axes.set_ylim(0, max(sizes) * 1.2)
    axes.set_yticks(sorted(set(sizes)) if len(set(sizes)) <= 4 else [min(sizes), max(sizes)])
    axes.grid(axis="y", color="white", linewidth=0.8)


def _shade(top: Axes, bottom: Axes, record: Record, phase: Phase) -> None:
    for axes in (top, bottom):
        axes.axvspan(
            phase.start_seconds,
            phase.end_seconds,
            color=_colour(record, phase.on),
            alpha=_OPACITY,
            linewidth=0,
            zorder=0,
        )


def _name_paths(axes: Axes, record: Record, end: float) -> None:
    """The path's name over each time that is wide enough for it, and what was reached on it."""
    for phase in record.phases():
        if phase.on is On.CHANGING or (phase.end_seconds - phase.start_seconds) / end < _WIDE:
            continue
        rate = "" if phase.bits_per_second is None else f"\n{rate_words(phase.bits_per_second)} on average"
        axes.text(
            (phase.start_seconds + phase.end_seconds) / 2,
            0.97,
            f"{path_words(record, phase.on)}{rate}",
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=9.5,
            fontweight="bold",
            zorder=4,
        )


def _explain_shades(figure: Figure, record: Record) -> None:
    """What each shade is: a time may be too short to have its path's name on it."""
    seen = {phase.on: phase for phase in record.phases()}
    shades = [
        Patch(
            facecolor=_colour(record, on),
            alpha=_OPACITY,
            label=_CHANGING_WORDS if on is On.CHANGING else path_words(record, on).replace("\n", " "),
        )
        for on in (On.PRODUCTION, On.ALTERNATE, On.CHANGING)
        if on in seen
    ]
    figure.legend(handles=shades, loc="outside lower center", ncols=len(On), frameon=False, fontsize=9)


def _mark_events(top: Axes, bottom: Axes, record: Record, end: float) -> None:
    """A line for each event of the ticket, up to its words above the figure."""
    events = shown_events(record)
    places = [min(max(event.seconds / end, 0), 1) for event in events]
    for event, place, (row, leftwards) in zip(events, places, labels(places), strict=True):
        height = 1.03 + _ROW_HEIGHT * row
        for axes, up_to in ((top, height + 0.02), (bottom, 1.0)):
            axes.plot(
                [place, place],
                [0, up_to],
                transform=axes.transAxes,
                color=_INK,
                linewidth=0.9,
                linestyle=(0, (4, 3)),
                clip_on=False,
                zorder=2,
            )
        top.annotate(
            label(event),
            (place, height),
            xycoords="axes fraction",
            xytext=(-4 if leftwards else 4, 0),
            textcoords="offset points",
            ha="right" if leftwards else "left",
            va="center",
            fontsize=9,
            annotation_clip=False,
        )


def shown_events(record: Record) -> list[Event]:
    """The ticket's events, by time; that it is booked is not told beside that it was opened."""
    opened = any(event.what is What.ASKED for event in record.events)
    told = [event for event in record.events if event.what in _SHOWN]
    return sorted(
        (event for event in told if not (opened and event.state in {State.HELD, State.SCHEDULED})),
        key=lambda event: event.seconds,
    )


def stairs(record: Record) -> tuple[list[float], list[float]]:
    """Bits per second, and the seconds between which each was counted: one more."""
    return [0.0, *(moment.seconds for moment in record.moments)], [
        moment.bits_per_second for moment in record.moments
    ]


def labels(places: list[float]) -> list[tuple[int, bool]]:
    """For each label, by its place from 0 to 1, in order: its row, 0 the lowest, and whether it stands left.

    Of neighbours the one whose words run over the other's line stands above it, so no line crosses words.
    """
    crowds: list[list[float]] = []
    for place in places:
        if crowds and place - crowds[-1][-1] < _NARROW:
            crowds[-1].append(place)
        else:
            crowds.append([place])
    chosen: list[tuple[int, bool]] = []
    for crowd in crowds:
        leftwards = crowd[-1] > _LEFTWARDS_FROM
        numbers = list(range(len(crowd)))
        chosen += [(row, leftwards) for row in (numbers if leftwards else reversed(numbers))]
    return chosen


def label(event: Event) -> str:
    """An event's words, short enough for a figure, and when."""
    text = event.text if len(event.text) <= 48 else f"{event.text[:45]}..."
    return f"{text} ({event.seconds:.1f} s)"


def path_words(record: Record, on: On) -> str:
    """What a path is, and its name and colour."""
    path = record.production if on is On.PRODUCTION else record.alternate
    what = "production path" if on is On.PRODUCTION else "alternate path"
    return what if path is None else f"{what}\n{path.name} ({path.topology})"


def rate_words(bits_per_second: float) -> str:
    """A rate as people say it."""
    for size, unit in ((1e9, "Gbit/s"), (1e6, "Mbit/s")):
        if bits_per_second >= size:
            return f"{bits_per_second / size:.3g} {unit}"
    return f"{bits_per_second / 1e3:.3g} kbit/s"


def _colour(record: Record, on: On) -> str:
    if on is On.CHANGING:
        return _CHANGING
    path = record.production if on is On.PRODUCTION else record.alternate
    return _UNKNOWN[on] if path is None else _COLOURS.get(path.topology, _UNKNOWN[on])


def _metadata(file: File) -> dict[str, str | None]:
    """Nothing of when it was drawn: the same run is the same file."""
    return {"Software": None} if file.suffix.lower() == ".png" else {}
