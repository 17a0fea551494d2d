"""The core's refusals in GENI's words, in one place: none leaves the manager as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from reservation import errors
from store import StoreUnavailable
from tbam.errors import (
    DbError,
    Expired,
    IslandRMAlreadyReserved,
    IslandRMNotAllocated,
    OutOfRange,
    ServerError,
    TbamError,
    Unavailable,
)

log = structlog.get_logger("tbam")


@contextmanager
def in_geni_words() -> Iterator[None]:
    """Raise what goes wrong inside as a `TbamError`.

    Raises:
        DbError: the database does not answer.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise DbError("the database does not answer; ask again later") from error
    except errors.SiteReplaced:
        # Whoever serves the site reads it anew and tries again.
        raise
    except errors.ReservationError as error:
        raise translated(error) from error


def translated(error: errors.ReservationError) -> TbamError:
    """What a refusal of the core means to who asked for an island."""
    match error:
        case errors.SlotInThePast():
            return OutOfRange(str(error), field="timeslot")
        case errors.LabelsTaken() | errors.CapacityExceeded():
            return IslandRMAlreadyReserved("the island is not free throughout that slot", field="timeslot")
        case errors.UnknownResource() | errors.UnknownDevice():
            return Unavailable("the island has not been set up in the database yet", field="aggregate")
        case errors.TooLate() | errors.WrongState():
            return Expired(f"it is over, or on its way to be: {error}")
        case errors.NotFound():
            return IslandRMNotAllocated(str(error))
        case _:
            log.error("a refusal of the core that this door does not know", code=error.code, error=str(error))
            return ServerError("an error of ours; the log has it")
