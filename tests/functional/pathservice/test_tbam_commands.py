"""`tbam`: islands booked and looked at by who sits at the machine, without a running service."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from pathservice.assembly import Assembly
from pathservice.settings import load_settings

FERMILAB = (Path(__file__).parents[3] / "examples" / "fermilab.yaml").read_text(encoding="utf-8")
ISLANDS = """
tbam:
  authority: fermilab.example:tbam
  islands:
    - {name: east, gateway: gateway-east}
    - {name: west, gateway: gateway-west}
"""
GATEWAY = (
    "  - {{name: gateway-{0}, platform: ofgw_agent, host: gateway-{0}.example.org,"
    " tls: {{ca: ca.pem, cert: cert.pem, key: key.pem}}}}\n"
)
SLICE = "urn:publicid:IDN+example.org:lab+slice+"
ASK = ("--controller", "192.0.2.7:6633", "--project", "p1:Waves", "--island", "east")
# A Monday, far enough ahead of the clock of whoever runs this, and within the default horizon.
TODAY = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
MONDAY = TODAY + timedelta(days=28 - TODAY.weekday())

Tbam = Callable[..., CompletedProcess[str]]


def day(number: int, hour: int = 0) -> str:
    """So many days after that Monday, as it is written on the command line."""
    return (MONDAY + timedelta(days=number)).replace(tzinfo=None, hour=hour).isoformat()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with two islands, whose gateways are never spoken to."""
    folder = tmp_path_factory.mktemp("islands")
    (folder / "fermilab-border-1.txt").write_text("hostname x\nend\n")
    site = folder / "site.yaml"
    gateways = "".join(GATEWAY.format(name) for name in ("east", "west"))
    site.write_text(FERMILAB.replace("\ndevices:\n", f"\ndevices:\n{gateways}") + ISLANDS)
    (folder / "settings.yaml").write_text(f"site: {site}\n")
    with Assembly(load_settings({"state": folder}, environment={}, file=folder / "settings.yaml")):
        pass
    return folder


@pytest.fixture
def tbam(cli: Any, state: Path) -> Tbam:
    def run(*arguments: str, **options: Any) -> CompletedProcess[str]:
        done: CompletedProcess[str] = cli(*arguments, program="tbam", state=state, **options)
        return done

    return run


def refused(done: CompletedProcess[str], *words: str, status: int = 1) -> None:
    assert (done.returncode, done.stdout) == (status, "")
    for word in words:
        assert word in done.stderr


def test_a_slice_from_allocate_to_delete(tbam: Tbam) -> None:
    urn = f"{SLICE}whole"
    said = tbam(
        "allocate", urn, "--from", day(0, 10), "--for", "5h", *ASK, "--vlan", "10:untagged", "--vlan", "30:20"
    ).stdout
    assert said.startswith("east allocated\n")
    assert "10 \N{LEFT RIGHT ARROW} untagged, 30 \N{LEFT RIGHT ARROW} 20" in said
    assert "Waves (p1)" in said
    (told,) = json.loads(tbam("provision", urn, "--json").stdout)
    assert told["allocation"] == "geni_provisioned"
    assert datetime.fromisoformat(told["slot"]["start"]) == MONDAY + timedelta(hours=10)
    assert json.loads(tbam("show", told["sliver_urn"], "--json").stdout) == [told]
    assert urn in tbam("list", "--island", "east").stdout
    assert urn not in tbam("list", "--island", "west").stdout
    (later,) = json.loads(tbam("renew", urn, "--until", day(0, 18), "--json").stdout)
    assert later["slot"]["end"] == later["expires_at"] != told["slot"]["end"]
    assert "unallocated" in tbam("delete", urn).stdout
    refused(tbam("show", urn, check=False), "searchfailed", urn)
    assert urn not in tbam("list").stdout


def test_an_rspec_says_it_all_and_options_go_before_it(tbam: Tbam, tmp_path: Path) -> None:
    rspec = tmp_path / "request.xml"
    rspec.write_text(
        '<rspec type="request" xmlns="http://www.geni.net/resources/rspec/3" xmlns:a="http://example.com/'
        'aggregate"><a:island name="west"/><a:controller url="ctrl.pc:6633"/>'
        '<a:timeslot start_time="1/1/2000 0:0:0" end_time="2/1/2000 0:0:0"/>'
        '<a:project projectID="p2" projectName="Deep"/></rspec>'
    )
    urn = f"{SLICE}file"
    refused(tbam("allocate", urn, "--rspec", str(rspec), check=False), "outofrange")
    said = tbam("allocate", urn, "--rspec", str(rspec), "--from", day(0), "--until", day(1)).stdout
    assert said.startswith("west allocated\n")
    assert "ctrl.pc:6633" in said
    assert "Deep (p2)" in said


def test_who_comes_second_is_told_whose_it_is(tbam: Tbam) -> None:
    tbam("allocate", f"{SLICE}first", "--from", day(7), "--for", "1d", *ASK)
    late = tbam("allocate", f"{SLICE}late", "--from", day(7, 23), "--for", "2h", *ASK, check=False)
    refused(late, "alreadyexists", f"{SLICE}first")
    assert tbam("allocate", f"{SLICE}late", "--from", day(8), "--for", "2h", *ASK).returncode == 0


def test_free_goes_round_what_is_taken(tbam: Tbam) -> None:
    tbam("allocate", f"{SLICE}noon", "--from", day(14, 12), "--for", "2h", *ASK)
    asked = ("--for", "13h", "--from", day(14), "--island", "east")
    found = json.loads(tbam("free", *asked, "--by", day(16), "--json").stdout)["slot"]
    assert datetime.fromisoformat(found["start"]) == MONDAY + timedelta(days=14, hours=14)
    none = tbam("free", *asked, "--by", day(15), check=False)
    assert (none.returncode, none.stdout.startswith("none between")) == (1, True)


def test_a_calendar_has_a_letter_for_every_slice(tbam: Tbam) -> None:
    tbam("allocate", f"{SLICE}early", "--from", day(21), "--for", "6h", *ASK)
    tbam("allocate", f"{SLICE}evening", "--from", day(21, 18), "--for", "30h", *ASK)
    week = tbam("calendar", "--week", day(21)[:10], "--island", "east").stdout.splitlines()
    assert week[0].startswith("east  Week ")
    assert week[3].endswith("A" * 12 + "·" * 24 + "B" * 12)
    assert week[4].endswith("B" * 48)
    assert [line[0] for line in week if line.rstrip().endswith(("early", "evening"))] == ["A", "B"]
    month = tbam("calendar", "--month", day(21)[:7], "--island", "east").stdout
    assert any("BBBBBBBB" in line for line in month.splitlines())
    (told,) = json.loads(tbam("calendar", "--week", day(21)[:10], "--island", "east", "--json").stdout)
    assert [one["slice_urn"] for one in told["reserved"]] == [f"{SLICE}early", f"{SLICE}evening"]
    assert tbam("calendar").stdout.count("three hours a letter") == 2


def test_a_slice_that_was_shut_down_may_be_opened_again(tbam: Tbam, state: Path) -> None:
    urn = f"{SLICE}shut"
    ask = ("allocate", urn, "--from", day(35), "--for", "1h", *ASK)
    tbam(*ask)
    refused(tbam("reopen", urn, check=False), "searchfailed", "was not shut down")
    settings = load_settings({"state": state}, environment={}, file=state / "settings.yaml")
    with Assembly(settings, looking=True) as assembly:
        assert assembly.islands is not None
        assembly.islands.shutdown(urn, by="urn:publicid:IDN+example.org+user+ada")
    refused(tbam(*ask, check=False), "refused", "was shut down")
    assert "may allocate again" in tbam("reopen", urn).stdout
    assert tbam(*ask).stdout.startswith("east allocated\n")


def test_what_is_done_by_hand_is_in_the_audit_trail(tbam: Tbam, state: Path) -> None:
    tbam("allocate", f"{SLICE}noted", "--from", day(28), "--for", "1h", *ASK)
    lines = [json.loads(line) for line in (state / "audit.log").read_text().splitlines()]
    assert lines[-1]["operation"] == "Allocate"
    assert lines[-1]["subject"].startswith("operator ")
    assert lines[-1]["outcome"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--controller", "; reboot", "--project", "p:n", "--for", "1h"), ("controller", "host:port")),
        (("--controller", "h:1", "--project", "p:a b", "--for", "1h"), ("group",)),
        (("--controller", "h:1", "--project", "p", "--for", "1h"), ("ID:NAME",)),
        (("--controller", "h:1", "--for", "1h"), ("--project",)),
        (("--controller", "h:1", "--project", "p:n", "--vlan", "5000:20"), ("1 to 4094",)),
        (("--controller", "h:1", "--project", "p:n", "--vlan", "30:20", "--vlan", "30:21"), ("twice",)),
        (("--controller", "h:1", "--project", "p:n", "--vlan", "thirty:20"), ("OFELIA:ALIEN",)),
        (("--controller", "h:1", "--project", "p:n", "--for", "soon"), ("90m",)),
        (("--controller", "h:1", "--project", "p:n", "--for", "999999999d"), ("--for", "last year")),
        (("--controller", "h:1", "--project", "p:n", "--from", "2030-01-01"), ("--until",)),
        (("--controller", "h:1", "--project", "p:n", "--for", "1h", "--until", "2030-01-01"), ("either",)),
    ],
)
def test_a_mistake_is_a_sentence_and_books_nothing(
    tbam: Tbam, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    urn = f"{SLICE}wrong"
    refused(tbam("allocate", urn, "--island", "east", *arguments, check=False), *words, status=2)
    assert urn not in tbam("list").stdout


def test_an_island_must_be_named_where_there_are_several(tbam: Tbam) -> None:
    refused(tbam("free", "--for", "1h", check=False), "east", "west")
    for command in ("calendar", "list"):
        refused(tbam(command, "--island", "north", check=False), "badargs", "east")


@pytest.mark.parametrize(
    "arguments", [("--month", "9999-12"), ("--month", "0001-01"), ("--week", "0001-01-01")]
)
def test_a_calendar_ends_where_years_do(tbam: Tbam, arguments: tuple[str, ...]) -> None:
    refused(tbam("calendar", *arguments, check=False), "1900 to 9000", status=2)


def test_a_site_without_islands_says_so(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    refused(cli("list", program="tbam", state=tmp_path, check=False), "`tbam`")
