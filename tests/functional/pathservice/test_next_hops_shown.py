"""`pathservice devices show` tells of each next hop that is watched whether it answers its device."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activation.devices import DeviceView, NextHopView
from pathservice.assembly import Assembly

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
UP = NextHopView(address="192.0.2.1", down_since=None, asked_at=NOON, told_at=NOON)
DOWN = NextHopView(
    address="198.51.100.1", down_since=NOON - timedelta(minutes=5), asked_at=NOON, told_at=NOON
)
UNTOLD = NextHopView(address="2001:db8::1", down_since=None, asked_at=NOON, told_at=None)


def test_next_hops_are_listed_with_what_is_known_of_them(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("db", "upgrade", state=tmp_path)

    def device(name: str, *hops: NextHopView) -> DeviceView:
        return DeviceView(
            name=name,
            platform="cisco_ios",
            in_sync=True,
            generation=1,
            read_at=NOON,
            failures=0,
            error_code=None,
            error=None,
            next_attempt_at=None,
            worker="w1",
            strangers=(),
            live_parts=0,
            pause=None,
            evictions=(),
            dry_run=False,
            next_hops=hops,
        )

    views = (device("border-1", UP, DOWN, UNTOLD), device("border-2"))
    monkeypatch.setattr(Assembly, "device_views", lambda _: views)
    shown = cli("devices", "show", state=tmp_path, timezone="UTC").stdout.splitlines()
    at = shown.index("")
    table = [line.rstrip() for line in shown[at + 1 :]]
    noon = "2026-06-01 12:00:00 UTC"
    assert [line.split("  ")[0] for line in table] == ["device", "border-1", "border-1", "border-1"]
    assert "192.0.2.1     answers" in table[1]
    assert f"198.51.100.1  does not answer since 2026-06-01 11:55:00 UTC  {noon}  {noon}" in table[2]
    assert table[3].split("  ")[1] == "2001:db8::1"
    assert table[3].endswith(f"-                        {noon}")
    assert "cannot be told" in table[3]
