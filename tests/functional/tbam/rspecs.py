"""Request RSpecs as experimenters write them, good and bad."""

from datetime import datetime

GENI = "http://www.geni.net/resources/rspec/3"
AGGREGATE = "http://example.com/aggregate"


def deployed(instant: datetime) -> str:
    return instant.strftime("%d/%m/%Y %H:%M:%S")


def request(
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    island: str | None = "east",
    slice_urn: str | None = None,
    controller: str = "tcp:192.0.2.10:6633",
    vlans: str = '<a:VLAN OFELIA="10" ALIEN="0xffff"/><a:VLAN OFELIA="30" ALIEN="20"/>',
    project: str = '<a:project projectID="612cca94" projectName="Project_test"/>',
    timeslot: str | None = None,
    more: str = "",
    head: str = "",
    kind: str = "request",
) -> str:
    """One for an island from start to end, but for what is said."""
    if timeslot is None and start is not None and end is not None:
        timeslot = f'<a:timeslot start_time="{deployed(start)}" end_time="{deployed(end)}"/>'
    named = f'<a:slice slice_urn="{slice_urn}"/>' if slice_urn else ""
    wanted = f'<a:island name="{island}"/>' if island else ""
    return (
        f'{head}<rspec xmlns="{GENI}" xmlns:a="{AGGREGATE}" type="{kind}">'
        f"{wanted}{named}{timeslot or ''}{vlans}"
        f'<a:controller url="{controller}"/>{project}{more}</rspec>'
    )
