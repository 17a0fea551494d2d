"""Rules that ask of a device what its driver cannot are found when the site file is read."""

from pathlib import Path

import pytest

from lambdastation.site import NextHopDown
from netconfig.capability import Capability
from pathservice.site_devices import find_rule_problems
from pathservice.sitefile import SiteFileError, SiteText, load_site_file, parse_site

FILE = Path(__file__).parents[3] / "examples" / "fermilab.yaml"
FERMILAB = FILE.read_text(encoding="utf-8")
RULES = load_site_file(FILE).site.rules
BORDER = "fermilab-border-1"


def test_every_key_is_held_against_what_the_driver_can() -> None:
    found = {problem.path for problem in find_rule_problems(RULES[:2], {BORDER: frozenset()})}
    assert found == {
        ("rules", 0, "admit", "access_list"),
        ("rules", 0, "admit", "access_list_ipv6"),
        ("rules", 1, "steer", "next_hop"),
        ("rules", 1, "steer", "next_hop_ipv6"),
    }
    assert not list(find_rule_problems(RULES, {BORDER: frozenset(Capability)}))
    assert not list(find_rule_problems(RULES, {})), "what no driver here is for is told elsewhere"


def test_next_hops_are_watched_only_where_the_driver_can_ask() -> None:
    steer = RULES[1].steer
    assert steer is not None
    for down, asked in ((NextHopDown.IGNORE, False), (NextHopDown.WITHDRAW, True)):
        rule = RULES[1].model_copy(update={"steer": steer.model_copy(update={"next_hop_down": down})})
        able = frozenset(Capability) - {Capability.NEXT_HOPS}
        found = [(problem.path, problem.message) for problem in find_rule_problems([rule], {BORDER: able})]
        words = f"the driver of {BORDER} cannot tell whether a next hop answers it; leave it out"
        assert found == ([(("rules", 0, "steer", "next_hop_down"), words)] if asked else [])
        assert not list(find_rule_problems([rule], {BORDER: frozenset(Capability)}))


def test_policy_of_the_sites_on_a_driver_that_leaves_it_alone_is_a_problem_in_its_line() -> None:
    text = FERMILAB.replace(
        '      next_hop: 192.0.2.1\n      next_hop_ipv6: "2001:db8:0:2::1"\n',
        "      next_hop: 192.0.2.1\n      policy: SITE-POLICY\n      sequences: [100, 199]\n",
        1,
    ).replace("platform: cisco_ios", "platform: juniper_junos")
    assert text != FERMILAB
    with pytest.raises(SiteFileError) as found:
        parse_site(SiteText(text.encode(), FILE, FILE))
    told = {(problem.key, problem.message) for problem in found.value.problems}
    words = "the driver of fermilab-border-1 cannot do policy-route-shared; leave it out"
    assert ("rules[1].steer.policy", words) in told
    (line,) = (p.line for p in found.value.problems if p.message == words)
    assert text.splitlines()[line - 1].strip() == "policy: SITE-POLICY"
    assert parse_site(SiteText(text.encode(), FILE, FILE), to_look=True).site.rules
