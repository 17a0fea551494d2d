"""Two site files compared: every difference in words, under its section; none where they mean the same."""

from pathlib import Path

import pytest

from pathservice.site_difference import find_changes
from pathservice.sitefile import SiteFile, SiteText, parse_site

FILE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"
FERMILAB = FILE.read_text(encoding="utf-8")


def site(text: str) -> SiteFile:
    return parse_site(SiteText(text.encode(), FILE, FILE), to_look=True)


def changes(*turns: tuple[str, str]) -> list[tuple[str, str, str]]:
    text = FERMILAB
    for old, new in turns:
        assert old in text
        text = text.replace(old, new, 1)
    found = find_changes(site(FERMILAB), site(text))
    return [(change.section, change.what, change.sentence) for change in found]


def test_comments_layout_and_what_is_said_twice_make_no_difference() -> None:
    assert (
        changes(("capacity: 622M", "capacity: 622000000  # as before"), ("longest: P7D", "longest: P1W"))
        == []
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("capacity: 622M", "capacity: 1G", ("topologies", "blue", "capacity was 622M and is 1G")),
        ("longest: P7D", "longest: P8D", ("limits", "", "longest was P7D and is P8D")),
        ("domains: [fnal]", "domains: [fnal, dune]", ("site", "", "domains was [fnal] and is [fnal, dune]")),
        ("    dscp: 32\n", "", ("clients", "CMS-Tier1", "dscp was 32 and is nothing")),
        (
            "next_hop: 192.0.2.1\n",
            "next_hop: 192.0.2.9\n",
            (
                "rules",
                "steer red out for * in NG-A, fermilab-border-1",
                "steer next_hop was 192.0.2.1 and is 192.0.2.9",
            ),
        ),
        (
            "sequences: [1000, 8999]",
            "sequences: [1000, 7999]",
            (
                "rules",
                "admit red in for * in NG-A, fermilab-border-1",
                "admit sequences was [1000, 8999] and is [1000, 7999]",
            ),
        ),
        (
            "[192.84.86.64/26, ",
            "[192.84.86.128/26, ",
            (
                "peers",
                "Caltech",
                (
                    "clients Tier2-SRM prefixes was [192.84.86.64/26, 2605:d9c0:2:86::/64] "
                    "and is [192.84.86.128/26, 2605:d9c0:2:86::/64]"
                ),
            ),
        ),
        (
            "devices:\n  - name: fermilab-border-1\n    platform: cisco_ios\n",
            "devices:\n  - name: fermilab-border-1\n    platform: cisco_ios\n    save: false\n",
            ("devices", "fermilab-border-1", "save was true and is false"),
        ),
    ],
)
def test_a_key_that_was_turned_is_told_as_it_was_and_as_it_is(
    old: str, new: str, told: tuple[str, ...]
) -> None:
    assert changes((old, new)) == [told]


def test_an_entry_that_came_or_went_is_told_by_its_name() -> None:
    lab = "  - name: Lab\n    prefixes: [131.225.7.0/24]\n    groups: [NG-A]\n"
    assert changes(("  - name: CMS-Tier1\n", lab + "  - name: CMS-Tier1\n")) == [
        ("clients", "Lab", "is new: prefixes [131.225.7.0/24], groups [NG-A]")
    ]
    with_lab = FERMILAB.replace("  - name: CMS-Tier1\n", lab + "  - name: CMS-Tier1\n")
    [change] = find_changes(site(with_lab), site(FERMILAB))
    assert (change.section, change.what, change.sentence) == ("clients", "Lab", "is gone")


def test_the_order_of_who_may_ask_is_a_difference_and_that_of_rules_is_none() -> None:
    deny = "  - action: deny\n    subject: CN=*,OU=Retired,O=Path Service\n"
    user = "  - action: allow\n    subject: CN=Example User,OU=Demo,O=Path Service\n"
    assert changes((deny + user, user + deny)) == [
        (
            "authorization",
            "action allow, subject CN=Example User,OU=Demo,O=Path Service",
            "is new at place 1",
        ),
        (
            "authorization",
            "action allow, subject CN=Example User,OU=Demo,O=Path Service",
            "is gone from place 2",
        ),
    ]
    rules = FERMILAB.partition("rules:\n")[2].partition("\n\n")[0]
    first, second, *rest = rules.split("  - topology: ")[1:]
    if not first.endswith("\n"):
        first += "\n"
    turned = "  - topology: " + "  - topology: ".join([second, first, *rest])
    assert changes((rules, turned)) == []


def test_what_becomes_of_a_next_hop_that_is_down_is_told_with_its_fallback() -> None:
    hop = '      next_hop_ipv6: "2001:db8:0:2::1"\n'
    steered = "steer red out for * in NG-A, fermilab-border-1"
    assert changes((hop, f"{hop}      next_hop_down: fallback\n      fallback: green\n")) == [
        ("rules", steered, "steer next_hop_down was ignore and is fallback"),
        ("rules", steered, "steer fallback was nothing and is green"),
    ]
    assert changes((hop, f"{hop}      next_hop_down: ignore\n")) == []


def test_several_rules_for_one_purpose_are_told_whole() -> None:
    steer = FERMILAB.partition("    direction: out\n    steer:\n")[2].partition("  - topology")[0]
    other = steer.replace("TenGigabitEthernet1/1", "TenGigabitEthernet1/2")
    rule = '  - topology: red\n    client: "*"\n    group: NG-A\n    direction: out\n    steer:\n'
    [(section, what, sentence)] = changes((rule + steer, rule + steer + rule + other))
    assert (section, what) == ("rules", "steer red out for * in NG-A, fermilab-border-1")
    assert sentence.startswith("is new: topology red, client *, group NG-A, direction out, steer (device")
    assert "TenGigabitEthernet1/2" in sentence
