"""What may not stand at a key of a site file is told with its line, the key and what would be right."""

from pathlib import Path

import pytest

from tests.unit.lambdastation.site_files import FERMILAB, Change, problems, require_told

CHANGES: dict[str, Change] = {
    "unknown key": (
        "capacity: 622M",
        "capacity: 622M\n    colour: red",
        "colour: red",
        "topologies[0].colour",
        "there is no such key here; known are capacity, default_bandwidth, name, path, production",
    ),
    "unknown key on top": (
        "station: FNAL",
        "station: FNAL\ncolor: x",
        "color: x",
        "color",
        "known are authorization",
    ),
    "unknown key in a rule's action": (
        "interface: TenGigabitEthernet1/1",
        "port: x\n      interface: TenGigabitEthernet1/1",
        "port: x",
        "rules[1].steer.port",
        "known are device, fallback, interface, next_hop",
    ),
    "missing key": ("station: FNAL\n", "", "name: Fermilab", "station", "is missing"),
    "bandwidth": ("622M", "fast", "capacity: fast", "topologies[0].capacity", "written 5G, 500M"),
    "no number of bits": ("622M", "true", "capacity: true", "topologies[0].capacity", "written 5G, 500M"),
    "station word": ("station: FNAL", "station: fnal lab", "station: fnal lab", "station", "pattern"),
    "prefix": (
        "[131.225.204.0/24,",
        "[131.225.204.1/24,",
        'prefixes: [131.225.204.1/24, "2620:6a:0:204::/64"]',
        "clients[0].prefixes[0]",
        "the block is 131.225.204.0/24",
    ),
    "ports": (
        "tcp range 5000-6000, udp",
        "tcp 5000, udp",
        "ports: tcp 5000, udp range 5000-6000",
        "clients[2].ports",
        "ports are written tcp eq 25",
    ),
    "dscp": ("dscp: 32", "dscp: 64", "dscp: 64", "clients[1].dscp", "less than or equal to 63"),
    "code points": (
        "dscp_pool: 48-55",
        "dscp_pool: 48-64",
        "dscp_pool: 48-64",
        "dscp_pool",
        "code points are written 48-55, or [8, 16-23]; they are 0 to 63",
    ),
    "no boolean": (
        "production: true",
        "production: yes",
        "production: yes",
        "topologies[0].production",
        "boolean",
    ),
    "direction": (
        "direction: in",
        "direction: inwards",
        "direction: inwards",
        "rules[0].direction",
        "'out' or 'in'",
    ),
    "next hop": (
        "next_hop: 192.0.2.1",
        "next_hop: x",
        "next_hop: x",
        "rules[1].steer.next_hop",
        "IPv4 address",
    ),
    "next hop with a zone": (
        'next_hop_ipv6: "2001:db8:0:2::1"',
        'next_hop_ipv6: "2001:db8:0:2::1%eth0"',
        'next_hop_ipv6: "2001:db8:0:2::1%eth0"',
        "rules[1].steer.next_hop_ipv6",
        "without a zone: 2001:db8:0:2::1",
    ),
    "sequences": (
        "[1000, 8999]",
        "[8999, 1000]",
        "sequences: [8999, 1000]",
        "rules[0].admit.sequences",
        "upwards",
    ),
    "sequences of one": (
        "[1000, 8999]",
        "1000",
        "sequences: 1000",
        "rules[0].admit.sequences",
        "[1000, 1999]",
    ),
    "duration": ("P7D", "7 days long", "longest: 7 days long", "limits.longest", "written P30D"),
    "no duration": ("P7D", "7", "longest: 7", "limits.longest", "written P30D"),
    "negative duration": ("P7D", "-P7D", "longest: -P7D", "limits.longest", "longer than nothing"),
    "two actions": (
        "    steer:\n      device: fermilab-border-1",
        (
            "    admit: {device: fermilab-border-1, access_list: A, sequences: [1, 2]}\n"
            "    steer:\n      device: fermilab-border-1"
        ),
        "- topology: red",
        "rules[1]",
        "either steers or admits",
    ),
    "policy without its range": (
        "next_hop: 192.0.2.1",
        "policy: CAMPUS\n      next_hop: 192.0.2.1",
        "steer:",
        "rules[1].steer",
        "goes with the sequences",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_wrong_at_a_key_is_told_with_line_and_remedy(tmp_path: Path, what: str) -> None:
    require_told(CHANGES[what], tmp_path)


def test_all_problems_of_a_file_are_told_at_once_in_its_order(tmp_path: Path) -> None:
    text = (
        FERMILAB.replace("622M", "fast")
        .replace("dscp: 32", "dscp: x")
        .replace("action: deny", "action: maybe")
    )
    keys = [key for _, key, _ in problems(text, tmp_path)]
    assert keys == ["topologies[0].capacity", "clients[1].dscp", "authorization[0].action"]
    text = FERMILAB.replace("topology: green", "topology: g").replace(
        "default_client: CMS-SRM", "default_client: x"
    )
    keys = [key for _, key, _ in problems(text, tmp_path)]
    assert keys == [
        "peers[0].default_client",
        "peers[1].default_client",
        "peers[1].default_topology",
        "rules[2].topology",
        "rules[3].topology",
    ]
