"""Parts as others may see them."""

from netconfig.capability import Capability
from netconfig.summary import stored_summary
from reservation.model import PartCount, PartView
from reservation.parts import in_sync
from reservation.tables import PartRow


def view_part(part: PartRow) -> PartView:
    """The part as others may see it."""
    return PartView(
        device=part.device.name,
        stage=part.stage,
        wanted=part.wanted,
        superseded=part.superseded,
        in_sync=in_sync(part),
        error=part.error,
        kind=str(part.intent.get("kind", "")),
        dry_run=part.dry_run,
        is_counted=Capability.COUNTERS in part.device.capabilities,
        count=view_count(part),
        detour=part.detour,
        does=stored_summary(part.intent),
    )


def view_count(part: PartRow) -> PartCount | None:
    """What passed by the part; None as long as nobody could tell."""
    if part.packets is None or part.counted_at is None:
        return None
    return PartCount(part.packets, part.octets, part.counted_at, part.grew_at)
