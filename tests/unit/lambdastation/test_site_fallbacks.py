"""What a site file may say of a next hop that does not answer, and how it is told what it may not."""

from pathlib import Path

import pytest

from lambdastation.site import NextHopDown, Site
from pathservice.sitefile import SiteFileError, SiteText, parse_site

FILE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"
PLAIN = FILE.read_text(encoding="utf-8")
RED_HOPS = '      next_hop: 192.0.2.1\n      next_hop_ipv6: "2001:db8:0:2::1"\n'
GREEN_HOPS = '      next_hop: 198.51.100.1\n      next_hop_ipv6: "2001:db8:0:198::1"\n'
DOWN = "      next_hop_down: fallback\n      fallback: green\n"
assert PLAIN.count(RED_HOPS) == PLAIN.count(GREEN_HOPS) == 1
FALLING = PLAIN.replace(RED_HOPS, RED_HOPS + DOWN)
_RULES = PLAIN[PLAIN.index("rules:\n") + 7 : PLAIN.index("\n# The first rule that matches")]
RED_ADMIT, _, _, GREEN_STEER = (f"  - {rule}" for rule in _RULES.removeprefix("  - ").split("  - "))


def parsed(text: str) -> Site:
    """The site of that text, whatever drivers there are here."""
    return parse_site(SiteText(text.encode(), FILE, FILE), to_look=True).site


def problems(text: str) -> list[tuple[str, str, str]]:
    """Each problem as the text of its line, its key and the message."""
    with pytest.raises(SiteFileError) as found:
        parsed(text)
    lines = text.splitlines()
    return [(lines[p.line - 1].strip(), p.key, p.message) for p in found.value.problems]


def test_rule_ignores_next_hops_unless_it_says_more() -> None:
    steers = [rule.steer for rule in parsed(PLAIN).rules if rule.steer is not None]
    assert [(steer.next_hop_down, steer.fallback) for steer in steers] == [(NextHopDown.IGNORE, None)] * 2
    said = parsed(PLAIN.replace(RED_HOPS, RED_HOPS + "      next_hop_down: ignore\n"))
    assert said == parsed(PLAIN)


def test_rule_may_withdraw_or_fall_back_and_two_onto_each_other() -> None:
    for text in (
        PLAIN.replace(RED_HOPS, RED_HOPS + "      next_hop_down: withdraw\n"),
        FALLING,
        FALLING.replace(GREEN_HOPS, GREEN_HOPS + DOWN.replace("green", "red")),
    ):
        assert parsed(text).rules


STEER = "rules[1].steer"
FALLBACK = f"{STEER}.fallback"
OTHER_PLACE = "the rule of green there"
CASES: dict[str, tuple[str, str, str, str, str]] = {
    # what: old text, new text, text of the line, key, message
    "no such word": (
        "next_hop_down: fallback",
        "next_hop_down: drop",
        "next_hop_down: drop",
        f"{STEER}.next_hop_down",
        "'ignore', 'withdraw' or 'fallback'",
    ),
    "fallback to nowhere": (
        "      fallback: green\n",
        "",
        "steer:",
        STEER,
        "needs the colour of another path, as in fallback: green",
    ),
    "fallback of what ignores": (
        "      next_hop_down: fallback\n",
        "",
        "steer:",
        STEER,
        "a fallback goes with `next_hop_down: fallback`; write that, or leave it out",
    ),
    "fallback of what withdraws": (
        "next_hop_down: fallback",
        "next_hop_down: withdraw",
        "steer:",
        STEER,
        "a fallback goes with `next_hop_down: fallback`",
    ),
    "its own colour": (
        "fallback: green",
        "fallback: red",
        "fallback: red",
        FALLBACK,
        "red is the rule's own path; there is green",
    ),
    "the production path": (
        "fallback: green",
        "fallback: blue",
        "fallback: blue",
        FALLBACK,
        "there is no alternate topology blue; there is green",
    ),
    "a path's name": (
        "fallback: green",
        "fallback: UltraScienceNet",
        "fallback: UltraScienceNet",
        FALLBACK,
        "there is no alternate topology UltraScienceNet; there is green",
    ),
    "no rule there": (
        GREEN_STEER,
        "",
        "fallback: green",
        FALLBACK,
        (
            "for CMS-SRM, CMS-Tier1, SC-Demo, no rule of green steers direction out in NG-A from "
            "TenGigabitEthernet1/1 on fermilab-border-1; write one, or name another path"
        ),
    ),
    "another interface": (
        "interface: TenGigabitEthernet1/1\n" + GREEN_HOPS,
        "interface: TenGigabitEthernet1/2\n" + GREEN_HOPS,
        "fallback: green",
        FALLBACK,
        "no rule of green steers direction out",
    ),
    "the other direction": (
        GREEN_STEER,
        GREEN_STEER.replace("direction: out", "direction: in"),
        "fallback: green",
        FALLBACK,
        "no rule of green steers direction out",
    ),
    "a rule of some clients": (
        GREEN_STEER,
        GREEN_STEER.replace('"*"', "CMS-SRM"),
        "fallback: green",
        FALLBACK,
        "for CMS-Tier1, SC-Demo, no rule of green steers",
    ),
    "two rules": (
        GREEN_STEER,
        GREEN_STEER + GREEN_STEER,
        "fallback: green",
        FALLBACK,
        (
            "2 rules of green steer direction out in NG-A from TenGigabitEthernet1/1 on fermilab-border-1, "
            "and one stands in; leave one"
        ),
    ),
    "a family less": (
        '      next_hop_ipv6: "2001:db8:0:198::1"\n',
        "",
        "fallback: green",
        FALLBACK,
        f"{OTHER_PLACE} has no next_hop_ipv6, which this one has; give it one",
    ),
    "the same next hop": (
        "next_hop: 198.51.100.1",
        "next_hop: 192.0.2.1",
        "fallback: green",
        FALLBACK,
        f"{OTHER_PLACE} has the same next_hop, 192.0.2.1; a fallback leads to another",
    ),
    "a policy of the site's there": (
        GREEN_HOPS,
        GREEN_HOPS + "      policy: CAMPUS\n      sequences: [100, 199]\n",
        "fallback: green",
        FALLBACK,
        f"{OTHER_PLACE} has policy CAMPUS, this one no policy; an interface has one, so write the same in",
    ),
    "a policy of the site's here": (
        RED_HOPS,
        RED_HOPS + "      policy_ipv6: CAMPUS-V6\n      sequences: [100, 199]\n",
        "fallback: green",
        FALLBACK,
        f"{OTHER_PLACE} has no policy_ipv6, this one policy_ipv6 CAMPUS-V6",
    ),
    "answers that are not let in": (
        RED_ADMIT,
        "",
        "fallback: green",
        "rules[0].steer.fallback",
        "what goes by green passes EDGE-IN of fermilab-border-1, direction in, and no rule of red admits it",
    ),
    "answers of a family that are not let in": (
        "      access_list_ipv6: EDGE-IN-V6\n",
        "",
        "fallback: green",
        FALLBACK,
        "what goes by green passes EDGE-IN-V6 of fermilab-border-1",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_is_wrong_is_told_with_line_key_and_remedy(what: str) -> None:
    old, new, line, key, message = CASES[what]
    assert old in FALLING
    found = problems(FALLING.replace(old, new, 1))
    assert [told for at, told_key, told in found if (at, told_key) == (line, key) and message in told], found


def test_clients_of_a_kind_are_told_together_and_those_without_the_group_not_at_all() -> None:
    ports, group = "    ports: tcp range 5000-6000, udp range 5000-6000\n", "    groups: [NG-A]\n"
    text = FALLING.replace(GREEN_STEER, "").replace(ports + group, ports)
    assert text.count("groups: [NG-A]") == 2
    (message,) = [told for _, key, told in problems(text) if key == FALLBACK]
    assert message.startswith("for CMS-SRM, CMS-Tier1, no rule")


def test_of_many_clients_the_first_are_named_and_the_others_counted() -> None:
    more = "".join(
        f"  - name: C{nth}\n    prefixes: [10.0.{nth}.0/24]\n    groups: [NG-A]\n" for nth in range(7)
    )
    text = FALLING.replace(GREEN_STEER, "").replace("clients:\n", f"clients:\n{more}", 1)
    (message,) = [told for _, key, told in problems(text) if key == FALLBACK]
    assert message.startswith("for C0, C1, C2, C3, C4, C5, C6, CMS-SRM and 2 more, no rule of green")


def test_the_same_policy_of_the_sites_may_leave_other_entries_to_each() -> None:
    def own(first: int) -> str:
        return (
            f"      policy: CAMPUS\n      policy_ipv6: CAMPUS-V6\n      sequences: [{first}, {first + 99}]\n"
        )

    text = FALLING.replace(RED_HOPS, RED_HOPS + own(100)).replace(GREEN_HOPS, GREEN_HOPS + own(200))
    assert parsed(text).rules


def test_fallback_may_steer_a_family_more() -> None:
    text = FALLING.replace('      next_hop_ipv6: "2001:db8:0:2::1"\n', "", 1)
    assert parsed(text).rules


def test_clients_own_rules_stand_in_for_each_other() -> None:
    own = GREEN_STEER.replace('"*"', "CMS-SRM").replace("198.51.100.1", "192.0.2.1")
    found = problems(FALLING.replace(GREEN_STEER, GREEN_STEER + own))
    assert [(key, told.split(",")[0]) for _, key, told in found] == [(FALLBACK, "for CMS-SRM")]
    assert parsed(FALLING.replace(GREEN_STEER, GREEN_STEER + own.replace("192.0.2.1", "192.0.2.9"))).rules
