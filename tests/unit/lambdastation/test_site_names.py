"""Names of a site file that lead nowhere, and what only the whole of it shows, are told with their lines."""

from pathlib import Path

import pytest

from pathservice.sitefile import SiteFileError
from tests.unit.lambdastation.site_files import FERMILAB, Change, load, require_told

CHANGES: dict[str, Change] = {
    "topology of a rule": (
        "- topology: green",
        "- topology: grn",
        "- topology: grn",
        "rules[2].topology",
        "there is no alternate topology grn; there is red, green",
    ),
    "production in a rule": (
        "- topology: green",
        "- topology: blue",
        "- topology: blue",
        "rules[2].topology",
        "alternate",
    ),
    "client of a rule": (
        'client: "*"',
        "client: D0",
        "client: D0",
        "rules[0].client",
        "there is CMS-SRM, CMS-Tier1",
    ),
    "group of a rule": (
        "    group: NG-A\n",
        "    group: NG-Z\n",
        "group: NG-Z",
        "rules[0].group",
        "there is no group NG-Z",
    ),
    "device of a rule": (
        "      device: fermilab-border-1",
        "      device: border-9",
        "device: border-9",
        "rules[0].admit.device",
        "there is no device border-9; there is fermilab-border-1",
    ),
    "device of a group": (
        "devices: [fermilab-border-1]",
        "devices: [fermilab-border-1, border-9]",
        "devices: [fermilab-border-1, border-9]",
        "groups[0].devices[1]",
        "there is no device border-9",
    ),
    "group of a client": (
        "groups: [NG-A]",
        "groups: [NG-Z]",
        "groups: [NG-Z]",
        "clients[0].groups[0]",
        "group NG-Z",
    ),
    "default client": (
        "default_client: CMS-SRM",
        "default_client: D0",
        "default_client: D0",
        "peers[0].default_client",
        "there is no client of ours D0",
    ),
    "default topology": (
        "default_topology: red",
        "default_topology: blue",
        "default_topology: blue",
        "peers[0].default_topology",
        "there is no alternate topology blue",
    ),
    "address without a station": (
        "    station: CIT\n",
        "",
        "url: https://lambdastation.hep.caltech.edu:8443/lambdastation",
        "peers[0].url",
        "a url goes with the word of its station",
    ),
    "a peer's station that is ours": (
        "station: CIT",
        "station: FNAL",
        "station: FNAL",
        "peers[0].station",
        "FNAL is there already",
    ),
    "address in the clear": (
        "url: https://lambdastation.hep",
        "url: http://lambdastation.hep",
        "url: http://lambdastation.hep.caltech.edu:8443/lambdastation",
        "peers[0].url",
        "pattern",
    ),
    "address with a password": (
        "url: https://lambdastation.hep",
        "url: https://me:secret@lambdastation.hep",
        "url: https://me:secret@lambdastation.hep.caltech.edu:8443/lambdastation",
        "peers[0].url",
        "pattern",
    ),
    "remote client outside": (
        "[192.84.86.64/26,",
        "[192.84.87.64/26,",
        'prefixes: [192.84.87.64/26, "2605:d9c0:2:86::/64"]',
        "peers[0].clients[0].prefixes[0]",
        "outside the peer's prefixes",
    ),
    "peer without addresses": (
        "    prefixes: [129.93.239.0/24]\n",
        "",
        "- name: UNL",
        "peers[1]",
        "needs prefixes",
    ),
    "peer that is us": (
        "name: UNL",
        "name: Fermilab",
        "- name: Fermilab",
        "peers[1].name",
        "this site itself",
    ),
    "a name twice": (
        "name: CMS-Tier1",
        "name: CMS-SRM",
        "- name: CMS-SRM",
        "clients[1].name",
        "there already",
    ),
    "two production paths": (
        "capacity: 10G",
        "production: true\n    capacity: 10G",
        "topologies:",
        "topologies",
        "it is blue, red",
    ),
    "no production path": (
        "    production: true\n",
        "    default_bandwidth: 1M\n",
        "topologies:",
        "topologies",
        "none",
    ),
    "no default bandwidth": (
        "    default_bandwidth: 100M\n",
        "",
        "- name: red",
        "topologies[1]",
        "needs default_bandwidth",
    ),
    "default above the capacity": (
        "default_bandwidth: 100M",
        "default_bandwidth: 11G",
        "default_bandwidth: 11G",
        "topologies[1].default_bandwidth",
        "more than the path's capacity",
    ),
    "path named like a colour": (
        "path: ESnet",
        "path: red",
        "- name: red",
        "topologies[1].name",
        "path name",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_does_not_fit_together_is_told_with_line_and_remedy(tmp_path: Path, what: str) -> None:
    require_told(CHANGES[what], tmp_path)


@pytest.mark.parametrize(
    ("words", "pool"),
    [("48-50", (48, 49, 50)), ("7", (7,)), ("[8, 16-18, 8]", (8, 16, 17, 18)), ('["0 - 1", 63]', (0, 1, 63))],
)
def test_code_points_of_the_pool_are_each_once_and_in_order(
    tmp_path: Path, words: str, pool: tuple[int, ...]
) -> None:
    assert load(FERMILAB.replace("48-55", words), tmp_path).site.dscp_pool == pool


@pytest.mark.parametrize("words", ["[]", "55-48", "-1", "true", "a", "[[1]]", "{}", "1.5", '"48-"'])
def test_what_is_no_pool_is_refused(tmp_path: Path, words: str) -> None:
    with pytest.raises(SiteFileError, match="dscp_pool"):
        load(FERMILAB.replace("48-55", words), tmp_path)


def test_code_point_that_always_marks_a_client_is_not_given_away(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="dscp_pool: 32 always marks the traffic of CMS-Tier1"):
        load(FERMILAB.replace("48-55", "30-33"), tmp_path)
