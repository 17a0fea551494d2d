"""A site file is read strictly, and every problem is told with its line, its key and what would be right."""

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from lambdastation.site import Limits
from pathservice.pki import DEMO_USER_SUBJECT
from pathservice.sitefile import SiteFile, SiteFileError, load_site_file, site_schema
from pathservice.yamltree import YamlProblem, read_tree

ROOT = Path(__file__).parents[3]
EXAMPLES = ["fermilab.yaml", "caltech.yaml"]
FERMILAB = (ROOT / "examples" / "fermilab.yaml").read_text(encoding="utf-8")


def load(text: str, folder: Path) -> SiteFile:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "fermilab-border-1.txt").write_text("hostname x\n", encoding="utf-8")
    return load_site_file(path)


def problems(text: str, folder: Path) -> list[tuple[str, str, str]]:
    """Each problem as the text of its line, its key and the message."""
    with pytest.raises(SiteFileError) as found:
        load(text, folder)
    lines = text.splitlines()
    for problem, told in zip(found.value.problems, str(found.value).splitlines(), strict=True):
        assert told.startswith(f"{folder / 'site.yaml'}:{problem.line}: {problem.key}")
    return [(lines[p.line - 1].strip(), p.key, p.message) for p in found.value.problems]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right_and_their_routers_are_simulated(name: str) -> None:
    file = load_site_file(ROOT / "examples" / name)
    for device in file.devices:
        assert device.simulated is not None
        assert device.simulated.is_absolute()
        assert device.simulated.read_text(encoding="utf-8").rstrip().endswith("end")
    subjects = [rule.subject for rule in file.site.authorization if rule.action == "allow"]
    assert DEMO_USER_SUBJECT in subjects


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right_by_the_published_schema(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    example = yaml.safe_load((ROOT / "examples" / name).read_text(encoding="utf-8"))
    assert not list(validator.iter_errors(example))
    assert list(validator.iter_errors({**example, "colour": "red"})), "unknown keys are refused there too"


def test_the_published_schema_is_what_the_code_says() -> None:
    assert (ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8") == site_schema()


def test_the_two_examples_fit_together() -> None:
    fermilab, caltech = (load_site_file(ROOT / "examples" / name).site for name in EXAMPLES)
    for here, there in ((fermilab, caltech), (caltech, fermilab)):
        peer = here.peer(there.name)
        assert peer is not None
        for known in peer.clients:
            client = there.client(known.name)
            assert client is not None
            assert client.prefixes == known.prefixes


def test_a_site_knows_no_more_of_a_device_than_its_name(tmp_path: Path) -> None:
    file = load(FERMILAB, tmp_path)
    assert not hasattr(file.site, "devices")
    assert "simulated" not in file.site.model_dump_json()


def test_relative_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    text = FERMILAB.replace(
        "    simulated: fermilab-border-1.txt",
        (
            "    host: 192.0.2.10\n    username: ls\n"
            "    password: file:secrets/border\n    host_key: ssh-ed25519 AAAA"
        ),
    )
    (device,) = load(text, tmp_path).devices
    assert device.password == f"file:{tmp_path}/secrets/border"
    absolute = load(text.replace("file:secrets/border", "file:/etc/border"), tmp_path).devices[0]
    assert absolute.password == "file:/etc/border"


def test_durations_and_bandwidths_are_words(tmp_path: Path) -> None:
    site = load(FERMILAB, tmp_path).site
    assert site.limits == Limits(longest="P7D", horizon="P90D")  # type: ignore[arg-type]
    assert site.topologies[0].capacity == 622_000_000


CHANGES: dict[str, tuple[str, str, str, str, str]] = {
    # what: old text, new text, text of the line, key, message
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
    "operation": (
        "[getTicket, listTickets, getPaths, getKnownPBRClients,",
        "[getTicket, readTicket, getPaths,",
        "operations: [getTicket, readTicket, getPaths, getKnownLambdaStations, getStatus]",
        "authorization[3].operations[1]",
        "'openSvcTicket'",
    ),
    "subject": (
        "CN=*,OU=Retired,O=Path Service",
        "Ann",
        "subject: Ann",
        "authorization[0].subject",
        "is not a subject",
    ),
    "duration": ("P7D", "7 days long", "longest: 7 days long", "limits.longest", "written P30D"),
    "no duration": ("P7D", "7", "longest: 7", "limits.longest", "written P30D"),
    "negative duration": ("P7D", "-P7D", "longest: -P7D", "limits.longest", "longer than nothing"),
    "secret in the file": (
        "simulated: fermilab-border-1.txt",
        "password: hunter2",
        "password: hunter2",
        "devices[0].password",
        "env:NAME or file:PATH",
    ),
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
    # what only the whole shows
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
    "operator who may not": (
        "- action: deny",
        "- action: deny\n    operator: true",
        "operator: true",
        "authorization[0].operator",
        "nobody an operator",
    ),
    "limit of a denial": (
        "- action: deny",
        "- action: deny\n    bandwidth: 1G",
        "bandwidth: 1G",
        "authorization[0].bandwidth",
        "a rule that denies has no limit",
    ),
    "limit of what it does not bind": (
        "operations: [getTicket,",
        "live_tickets: 3\n    operations: [getTicket,",
        "live_tickets: 3",
        "authorization[3].live_tickets",
        "binds openSvcTicket alone",
    ),
    "bandwidth of what it does not bind": (
        "operations: [getTicket,",
        "bandwidth: 1G\n    operations: [getTicket,",
        "bandwidth: 1G",
        "authorization[3].bandwidth",
        "binds openSvcTicket, updateFlowSpecs, findWindow alone",
    ),
    "duration of what it does not bind": (
        "operations: [getTicket,",
        "duration: PT1H\n    operations: [updateFlowSpecs, getTicket,",
        "duration: PT1H",
        "authorization[3].duration",
        "binds openSvcTicket, findWindow alone",
    ),
    "bandwidth beyond every path": (
        "bandwidth: 500M",
        "bandwidth: 11G",
        "bandwidth: 11G",
        "authorization[4].bandwidth",
        "any path of the rule has, which is 10G",
    ),
    "duration beyond the longest": (
        "duration: PT2H",
        "duration: P7DT1S",
        "duration: P7DT1S",
        "authorization[4].duration",
        "longer than `longest` of the site's limits, 7 days",
    ),
    "horizon beyond the site's": (
        "horizon: P14D",
        "horizon: P91D",
        "horizon: P91D",
        "authorization[4].horizon",
        "farther than `horizon` of the site's limits, 90 days",
    ),
    "duration beyond its own horizon": (
        "horizon: P14D",
        "horizon: PT1H",
        "duration: PT2H",
        "authorization[4].duration",
        "longer than the rule's own horizon",
    ),
    "no ticket at a time": (
        "live_tickets: 3",
        "live_tickets: 0",
        "live_tickets: 0",
        "authorization[4].live_tickets",
        "greater than or equal to 1",
    ),
    "no number of tickets": (
        "live_tickets: 3",
        "live_tickets: three",
        "live_tickets: three",
        "authorization[4].live_tickets",
        "integer",
    ),
    "limit in other words": (
        "duration: PT2H",
        "duration: 7200",
        "duration: 7200",
        "authorization[4].duration",
        "written P30D",
    ),
    "platform": (
        "platform: cisco_ios",
        "platform: acme_os",
        "platform: acme_os",
        "devices[0].platform",
        "cisco_ios",
    ),
    "no such file": (
        "border-1.txt",
        "border-2.txt",
        "simulated: fermilab-border-2.txt",
        "devices[0].simulated",
        "no file",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_wrong_is_told_with_line_key_and_remedy(tmp_path: Path, what: str) -> None:
    old, new, line, key, message = CHANGES[what]
    assert old in FERMILAB
    found = problems(FERMILAB.replace(old, new, 1), tmp_path)
    assert [(told_line, told_key) for told_line, told_key, _ in found if told_key == key] == [(line, key)], (
        found
    )
    assert [told for _, told_key, told in found if told_key == key and message in told], found


@pytest.mark.parametrize(
    ("limits", "operation"),
    [
        ("bandwidth: 1G", "updateFlowSpecs"),
        ("bandwidth: 1G", "findWindow"),
        ("duration: PT1H", "findWindow"),
        ("bandwidth: 1G\n    duration: PT1H\n    horizon: P7D\n    live_tickets: 2", "openSvcTicket"),
    ],
)
def test_a_limit_is_taken_with_any_operation_that_it_binds(
    tmp_path: Path, limits: str, operation: str
) -> None:
    text = FERMILAB.replace("operations: [getTicket,", f"{limits}\n    operations: [{operation}, getTicket,")
    assert operation in (load(text, tmp_path).site.authorization[3].operations or ())


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


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    text = FERMILAB.replace("simulated: fermilab-border-1.txt", "password: hunter2")
    with pytest.raises(SiteFileError) as found:
        load(text, tmp_path)
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: 1\nb: [", 2, "not YAML"),
        ("a: 1\nb: 2\na: 3", 3, "twice"),
        ("a: 1\nb: &x 2\nc: *x", 2, "anchor"),
        ("a: *x", 1, "alias"),
        ("a: 1\n<<: {b: 2}\n<<: {c: 3}", 3, "twice"),
        ("a: !!python/object/apply:os.system [id]", 1, "tag"),
        ("a: !!str 1", 1, "tag"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("? [a]\n: 1", 1, "key that is not a word"),
        ("a:\n" + "- " * 40 + "x", 2, "nested"),
        ("[" * 100_000, 1, "nested"),
        ("a: \x07", 1, "character"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("{a: 1", 1, "not YAML"),
        ('a: 1\nb: "\\U00110000"', 2, "escape"),
        ('a: 1\nb: "\\UFFFFFFFF"', 2, "escape"),
    ],
)
def test_yaml_that_hides_something_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlProblem, match=re.escape(message)) as found:
        read_tree(text.encode())
    assert found.value.line == line


def test_only_utf8_is_read() -> None:
    with pytest.raises(YamlProblem, match="UTF-8") as found:
        read_tree(b"a: 1\nb: \xff")
    assert found.value.line == 2


def test_words_are_what_they_look_like() -> None:
    text = (
        "{on: no, time: 10:30, hex: 0x10, octal: 010, number: -7, yes: true, none: ~, text: '7', float: 1.5}"
    )
    assert read_tree(text.encode()).value == {
        "on": "no",
        "time": "10:30",
        "hex": "0x10",
        "octal": 10,
        "number": -7,
        "yes": True,
        "none": None,
        "text": "7",
        "float": "1.5",
    }


@pytest.mark.parametrize(
    ("content", "message"), [("x" * 1_100_000, "larger than"), ("- a", "keys with"), ("7", "keys with")]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SiteFileError, match=message):
        load(content, tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(SiteFileError, match="cannot be read"):
            load_site_file(path)


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


def test_way_that_a_platform_cannot_go_is_told(tmp_path: Path) -> None:
    over_tls = "host: r1\n    tls: {ca: ca.pem, cert: cert.pem, key: key.pem}"
    text = FERMILAB.replace("simulated: fermilab-border-1.txt", over_tls)
    assert [(key, message) for _, key, message in problems(text, tmp_path)] == [
        ("devices[0].platform", "cisco_ios is reached by `simulated` or `ssh`, not by `tls`")
    ]
