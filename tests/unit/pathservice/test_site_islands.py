"""The section `tbam` of a site file: read strictly, held against the devices, compared and put into force."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netconfig.capability import Capability
from pathservice.site_apply import SiteRefused, apply_site, served_version
from pathservice.site_difference import find_changes
from pathservice.site_islands import CARRIED, find_gateway_problems
from pathservice.sitefile import SiteFile, SiteFileError, SiteText, parse_site
from reservation.identity import database_identity
from reservation.model import TimeSlot
from store import Store
from tbam.errors import BadArgs
from tbam.manager import IslandManager
from tests.unit.tbam.island_house import ALICE, RED, asked

FILE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"
FERMILAB = FILE.read_text(encoding="utf-8")
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TBAM = """
tbam:
  authority: fermilab.example:tbam
  islands:
    - name: east
      gateway: fermilab-border-1
"""
WEST = "    - name: west\n      gateway: gateway-west\n"


def text(tbam: str) -> SiteText:
    return SiteText((FERMILAB + tbam).encode(), FILE, FILE)


def looked_at(tbam: str) -> SiteFile:
    return parse_site(text(tbam), to_look=True)


def problems(tbam: str, *, to_look: bool = True) -> list[tuple[str, str, str]]:
    with pytest.raises(SiteFileError) as found:
        parse_site(text(tbam), to_look=to_look)
    lines = (FERMILAB + tbam).splitlines()
    return [(lines[p.line - 1].strip(), p.key, p.message) for p in found.value.problems]


def test_section_is_read_with_its_defaults() -> None:
    settings = looked_at(TBAM).tbam
    assert settings is not None
    assert [(island.name, island.gateway) for island in settings.islands] == [("east", "fermilab-border-1")]
    assert (settings.unprovisioned, settings.maintenance) == (timedelta(hours=48), "refuse")
    assert looked_at("").tbam is None


def test_durations_are_written_as_elsewhere_in_the_file() -> None:
    settings = looked_at(f"{TBAM}  unprovisioned: PT12H\n").tbam
    assert settings is not None
    assert settings.unprovisioned == timedelta(hours=12)
    assert problems(f"{TBAM}  unprovisioned: 48\n") == [
        ("unprovisioned: 48", "tbam.unprovisioned", "a duration is written P2D, PT12H or PT600S")
    ]


@pytest.mark.parametrize(
    ("tbam", "told"),
    [
        (
            TBAM.replace("fermilab-border-1", "gateway-1"),
            ("gateway: gateway-1", "tbam.islands[0].gateway", "there is no device gateway-1; there is "),
        ),
        (
            f"{TBAM}{WEST}".replace("west\n", "east\n", 1).replace("gateway-west", "fermilab-border-1"),
            ("name: east", "tbam.islands[1].name", "east is there already"),
        ),
        (
            f"{TBAM}{WEST}".replace("gateway-west", "fermilab-border-1"),
            ("gateway: fermilab-border-1", "tbam.islands[1].gateway", "is the gateway of east already"),
        ),
        ("\ntbam:\n  authority: a b\n  islands: []\n", ("authority: a b", "tbam.authority", "string should")),
        (f"{TBAM}  colour: red\n", ("colour: red", "tbam.colour", "there is no such key here; known are")),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(tbam: str, told: tuple[str, str, str]) -> None:
    found = [problem for problem in problems(tbam) if problem[1] == told[1]]
    assert len(found) == 1
    line, _, message = found[0]
    assert told[0] in line
    assert told[2] in message


def test_device_whose_driver_is_no_gateways_is_refused_where_drivers_are() -> None:
    told = problems(TBAM, to_look=False)
    assert [key for _, key, _ in told] == ["tbam.islands[0].gateway"]
    assert "its driver cannot do controller-proxy, vlan-map, user-access" in told[0][2]


@pytest.mark.parametrize("login", [True, False])
@pytest.mark.parametrize("missing", [*CARRIED, Capability.USER_ACCESS])
def test_gateway_needs_all_that_a_slice_asks_for(missing: Capability, login: bool) -> None:
    settings = looked_at(TBAM if login else f"{TBAM}      login: false\n").tbam
    every = {*CARRIED, Capability.USER_ACCESS}
    told = [one.message for one in find_gateway_problems(settings, {"fermilab-border-1": every - {missing}})]
    if missing is Capability.USER_ACCESS and not login:
        assert not told
    else:
        assert len(told) == 1
        assert missing in told[0]
    assert not list(find_gateway_problems(settings, {"fermilab-border-1": every}))


def test_differences_are_told_in_words() -> None:
    old = looked_at(TBAM)
    new = looked_at(TBAM.replace("name: east", "name: west") + "  unprovisioned: P1D\n")
    told = [(change.section, change.sentence) for change in find_changes(old, new)]
    assert told == [
        ("tbam", "islands east is gone"),
        ("tbam", "islands west is new: gateway fermilab-border-1"),
        ("tbam", "unprovisioned was P2D and is P1D"),
    ]
    (gone,) = find_changes(old, looked_at(""))
    assert (gone.section, gone.sentence[:8], gone.sentence[-14:]) == ("site", "tbam was", "and is nothing")


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's router passes for a gateway: no driver of one is needed to put a file into force."""
    monkeypatch.setattr("pathservice.sitefile.capabilities", lambda _devices: {})
    able = frozenset(Capability)
    monkeypatch.setattr("netconfig.drivers.cisco_ios.driver.CiscoIos.capabilities", able)


@pytest.mark.usefixtures("gateways")
def test_island_that_is_booked_cannot_be_taken_away(store: Store) -> None:
    store.write(database_identity)
    apply_site(store, text(TBAM), by="op", now=NOW)
    served = store.read(served_version)
    assert served is not None
    assert served.file.tbam is not None
    at = [NOW]
    manager = IslandManager(store, served.file.tbam, clock=lambda: at[0], site_version=served.version)
    slot = TimeSlot(NOW + HOUR, NOW + 2 * HOUR)
    manager.reserve_aggregate(RED, asked(slot), owner=ALICE, latest=NOW + 9 * HOUR)
    with pytest.raises(SiteRefused, match="tbam: island east is booked, so it cannot be taken away"):
        apply_site(store, text(""), by="op", now=NOW)
    manager.delete_aggregate(RED)
    assert apply_site(store, text(""), by="op", now=NOW).version == 1


@pytest.mark.usefixtures("gateways")
def test_request_is_judged_by_the_site_in_force(store: Store) -> None:
    store.write(database_identity)
    apply_site(store, text(TBAM), by="op", now=NOW)
    served = store.read(served_version)
    assert served is not None
    assert served.file.tbam is not None

    def catch_up() -> bool:
        now = store.read(served_version)
        assert now is not None
        assert now.file.tbam is not None
        manager.replace_settings(now.file.tbam, version=now.version)
        return True

    manager = IslandManager(
        store, served.file.tbam, clock=lambda: NOW, site_version=served.version, catch_up=catch_up
    )
    apply_site(store, text(TBAM.replace("name: east", "name: west")), by="op", now=NOW)
    slot = TimeSlot(NOW + HOUR, NOW + 2 * HOUR)
    with pytest.raises(BadArgs, match="there is west"):
        manager.reserve_aggregate(RED, asked(slot), owner=ALICE, latest=NOW + 9 * HOUR)
    sliver = manager.reserve_aggregate(RED, asked(slot, island="west"), owner=ALICE, latest=NOW + 9 * HOUR)
    assert sliver.aggregate == "west"


@pytest.mark.usefixtures("gateways")
def test_island_that_is_booked_keeps_its_gateway(store: Store) -> None:
    def site(east: str, west: str) -> SiteText:
        second = FERMILAB[FERMILAB.index("  - name: fermilab-border-1") :]
        second = second.replace("fermilab-border-1\n", "gateway-west\n", 1)
        islands = TBAM.replace("fermilab-border-1", east) + WEST.replace("gateway-west", west)
        return SiteText((FERMILAB + second + islands).encode(), FILE, FILE)

    there, swapped = site("fermilab-border-1", "gateway-west"), site("gateway-west", "fermilab-border-1")
    store.write(database_identity)
    apply_site(store, there, by="op", now=NOW)
    served = store.read(served_version)
    assert served is not None
    assert served.file.tbam is not None
    manager = IslandManager(store, served.file.tbam, clock=lambda: NOW, site_version=served.version)
    slot = TimeSlot(NOW + HOUR, NOW + 2 * HOUR)
    manager.reserve_aggregate(RED, asked(slot), owner=ALICE, latest=NOW + 9 * HOUR)
    with pytest.raises(SiteRefused, match="tbam: island east is booked on fermilab-border-1, so it cannot"):
        apply_site(store, swapped, by="op", now=NOW)
    manager.delete_aggregate(RED)
    assert not apply_site(store, swapped, by="op", now=NOW).refusals
