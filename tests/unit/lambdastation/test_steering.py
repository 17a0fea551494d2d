"""From a request to what the devices shall carry, pure; the folder of fixtures shows each case as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.admission import Admission, admit
from lambdastation.ends import End
from lambdastation.errors import Contradiction, LambdaStationError, NoRule
from lambdastation.flow_words import collapsed, parse_networks, parse_ports
from lambdastation.flows import MOST_MATCHES, choose_families, incoming, outgoing
from lambdastation.site import Admit, Direction, Rule, Site, Steer
from lambdastation.steering import Applied, applied_rules, bandwidth_claims, place_flows, steered_families
from lambdastation.ticket import TicketRequest
from netconfig.intent import load_intent
from pathservice.sitefile import load_site_file

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "fixtures" / "lambdastation" / "steering").glob("*.json"))
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def site_of(name: str) -> Site:
    return load_site_file(ROOT / "examples" / f"{name}.yaml").site


def parts_of(admission: Admission) -> list[dict[str, Any]]:
    parts = [placed.part() for placed in admission.placed]
    return [{"device": part.device, "stage": part.stage, "intent": dict(part.intent)} for part in parts]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_ticket_becomes_these_intents(case: Path) -> None:
    golden = json.loads(case.read_text(encoding="utf-8"))
    request = TicketRequest(travel_seconds=600, **golden["request"])
    admission = admit(request, site_of(golden["site"]), now=NOON)
    assert parts_of(admission) == golden["parts"]
    for part in golden["parts"]:
        load_intent(part["intent"])


def test_there_are_cases() -> None:
    assert len(CASES) >= 6


def end(*blocks: str, ports: str = "", named: bool = False, prefix: str = "src") -> End:
    return End(
        site="S",
        client=None,
        networks=collapsed(parse_networks(",".join(blocks))),
        named=named,
        ports=parse_ports(ports) if ports else (),
        dscp=None,
        prefix=prefix,
    )


V4, V6 = "192.0.2.0/24", "2001:db8::/32"


def test_a_family_is_left_out_only_if_it_was_not_named() -> None:
    both = end(V4, V6)
    assert choose_families(both, both, steered={4, 6}) == (4, 6)
    assert choose_families(both, both, steered={4}) == (4,)
    assert choose_families(both, end(V6, prefix="dst"), steered={4, 6}) == (6,)
    with pytest.raises(NoRule) as refused:
        choose_families(both, end(V4, V6, named=True, prefix="dst"), steered={4})
    assert refused.value.field == "dstIP"
    with pytest.raises(Contradiction) as apart:
        choose_families(end(V4, V6, named=True), end(V4, prefix="dst"), steered={4, 6})
    assert apart.value.field == "srcIP"
    with pytest.raises(Contradiction):
        choose_families(end(V4), end(V6, prefix="dst"), steered={4, 6})
    with pytest.raises(NoRule):
        choose_families(end(V6), end(V6, prefix="dst"), steered={4})


ports = st.sampled_from(["", "tcp", "tcp eq 25", "udp le 3200", "tcp range 1-5, udp ge 9"])
blocks = st.lists(
    st.sampled_from(["192.0.2.1", "198.51.100.0/24", "203.0.113.7", V6]), min_size=1, max_size=4
)


@given(blocks, blocks, ports, ports)
def test_what_comes_in_is_what_goes_out_the_other_way_about(
    ours: list[str], theirs: list[str], our_ports: str, their_ports: str
) -> None:
    local, remote = end(*ours, ports=our_ports), end(*theirs, ports=their_ports, prefix="dst")
    try:
        out = outgoing(local, remote, families=(4, 6), dscp=None)
    except Contradiction:
        return
    back = incoming(local, remote, families=(4, 6), dscp=None)
    assert [flow.reversed() for flow in back] == list(out)
    assert len(out) <= MOST_MATCHES
    assert len(set(out)) == len(out)
    for flow in out:
        assert flow.source in local.networks
        assert flow.destination in remote.networks


def rule(client: str, **more: object) -> Rule:
    steer = Steer(device="r1", interface=f"Te{len(client)}", next_hop="192.0.2.1")  # type: ignore[arg-type]
    fields: dict[str, Any] = {"topology": "red", "group": "NG-A", "direction": "out", "steer": steer, **more}
    return Rule(client=client, **fields)


def with_rules(*rules: Rule) -> Site:
    return site_of("fermilab").model_copy(update={"rules": rules})


def chosen(*rules: Rule) -> list[str]:
    site = with_rules(*rules)
    red, client = site.topology("red"), site.client("CMS-SRM")
    assert red is not None
    assert client is not None
    return [found.rule.client for found in applied_rules(site, red, client)]


def test_a_rule_of_the_clients_own_goes_before_the_rule_for_all() -> None:
    assert chosen(rule("*")) == ["*"]
    assert chosen(rule("*"), rule("CMS-SRM")) == ["CMS-SRM"]
    assert chosen(rule("*"), rule("CMS-Tier1")) == ["*"]
    assert chosen(rule("*", direction="in"), rule("CMS-SRM")) == ["*", "CMS-SRM"]
    assert chosen(rule("*", topology="green"), rule("*", group="NG-B")) == []
    admit_all = Admit(device="r1", access_list="A", sequences=[1, 2])  # type: ignore[arg-type]
    assert chosen(rule("*", steer=None, admit=admit_all), rule("CMS-SRM")) == ["*", "CMS-SRM"]


def test_a_client_without_a_steering_rule_is_refused() -> None:
    admitting = Admit(device="r1", access_list="A", sequences=[1, 2])  # type: ignore[arg-type]
    for site in (
        with_rules(),
        with_rules(rule("CMS-Tier1")),
        with_rules(rule("*", direction="in")),
        with_rules(rule("*", steer=None, admit=admitting)),
    ):
        with pytest.raises(NoRule) as refused:
            admit(TicketRequest(dst_site="Caltech", travel_seconds=60), site, now=NOON)
        assert refused.value.field == "localPath"


def test_a_path_that_steers_one_family_matches_only_that() -> None:
    admission = admit(TicketRequest(dst_site="Caltech", travel_seconds=60), with_rules(rule("*")), now=NOON)
    assert [network.version for network in admission.source_networks] == [4]
    assert steered_families([Applied(rule("*"))]) == {4}
    only_v6 = Steer(device="r1", interface="Te1", next_hop_ipv6="2001:db8::1")  # type: ignore[arg-type]
    assert steered_families([Applied(rule("*", steer=only_v6))]) == {6}


def test_an_edge_without_a_list_for_a_family_needs_no_permit_for_it() -> None:
    admitting = Admit(device="r1", access_list="A", sequences=[1, 2])  # type: ignore[arg-type]
    one = Applied(rule("*", steer=None, admit=admitting, direction=Direction.IN))
    flows = outgoing(end(V4, V6), end(V4, V6), families=(4, 6), dscp=None)
    assert [placed.intent.flows[0].family for placed in place_flows([one], outgoing=(), incoming=flows)] == [
        4
    ]


def test_a_ticket_claims_its_bandwidth_each_way() -> None:
    site = site_of("fermilab")
    red = site.topology("StarLight10G")
    assert red is not None
    claims = bandwidth_claims(site, [red], out_bits_per_second=5, in_bits_per_second=7)
    assert [(claim.resource, claim.amount) for claim in claims] == [
        ("path:Fermilab:red:out", 5),
        ("path:Fermilab:red:in", 7),
    ]


@given(
    st.builds(
        TicketRequest,
        src_site=st.none() | st.sampled_from(["Fermilab", "Caltech"]),
        dst_site=st.sampled_from(["Fermilab", "Caltech", "UNL", "X"]),
        src_ip=st.none()
        | st.sampled_from(["131.225.204.1", "192.84.86.1", "::", "x", "131.225.204.0/24,2620:6a::"]),
        dst_ip=st.none() | st.text(max_size=20),
        src_port=st.none() | st.sampled_from(["tcp", "udp eq 5", "x"]),
        dst_port=st.none() | st.text(max_size=20),
        out_bandwidth=st.none() | st.text(max_size=5),
        local_path=st.none() | st.sampled_from(["red", "ESnet", "x"]),
        travel_seconds=st.integers(-1, 2**32),
    )
)
def test_every_request_is_admitted_or_refused_with_a_field(request: TicketRequest) -> None:
    try:
        admission = admit(request, SITE, now=NOON)
    except LambdaStationError as error:
        refused = error
    else:
        assert admission.placed
        return
    assert refused.field


SITE = site_of("fermilab")
