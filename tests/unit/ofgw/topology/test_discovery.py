"""What discovery does when a switch goes away in the middle of it."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from ofgw.topology import discovery
from ofgw.topology.discovery import Discovery


class Going:
    """A switch whose connection ends as it is spoken to."""

    id = 7


def test_switch_that_goes_away_in_a_beat_keeps_no_other_from_being_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached: list[Any] = []

    def send_frames(switch: Any, _key: bytes) -> None:
        if isinstance(switch, Going):
            raise BrokenPipeError
        reached.append(switch)

    monkeypatch.setattr(discovery, "_send_frames", send_frames)
    # Without its thread and os-ken's.
    made = object.__new__(Discovery)
    made._key = b""
    with capture_logs() as logs:
        made.reach_all([Going(), "other"], renew=False)
    assert reached == ["other"]
    assert [(line["event"], line["dpid"]) for line in logs] == [
        ("switch-not-reached", "00:00:00:00:00:00:00:07")
    ]
