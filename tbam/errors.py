"""Why the aggregate manager says no, each with the code that GENI AM API v3 has for it.

The `IslandRM...` names are those the resource manager is documented with.

TbamError
├── Refused                     the asker must change something; nothing was written
│   ├── BadArgs                    1  an argument, option or RSpec is not as it must be
│   ├── Forbidden                  3  the credential does not allow that
│   ├── BadVersion                 4  a kind or version of RSpec that is not spoken here
│   ├── TooBig                     6  more than is read
│   ├── RefusedHere                7  the slice was shut down, or the site does not take this now
│   ├── Unavailable               11  a device of the island cannot carry it or is being worked on
│   ├── IslandRMNotAllocated      12  there is no such slice or sliver here
│   ├── Unsupported               13  known, and not possible in this state or at all
│   ├── Expired                   15  the sliver, or what it needs, is over
│   ├── IslandRMNotUnivocal       17  the slice has a sliver of that island that stands in the way
│   ├── IslandRMAlreadyReserved   17  the slot is another's
│   ├── MissingArgs               18  an argument or option that must be there is not
│   └── OutOfRange                19  a time that cannot be had
└── Failed                      our side's fault; the same request may succeed later
    ├── IslandRMMoreSliceWithSameID  2  the database has a sliver twice
    ├── IslandRMRPCError             5  the gateway's agent did not do what it was told
    ├── DbError                      9  the database does not answer
    ├── Busy                        14  it is on its way from one state to another
    └── ServerError                  5  a defect; the log knows more
"""

from enum import IntEnum
from typing import ClassVar


class GeniCode(IntEnum):
    """`geni_code` of GENI AM API v3."""

    SUCCESS = 0
    BADARGS = 1
    ERROR = 2
    FORBIDDEN = 3
    BADVERSION = 4
    SERVERERROR = 5
    TOOBIG = 6
    REFUSED = 7
    TIMEDOUT = 8
    DBERROR = 9
    RPCERROR = 10
    UNAVAILABLE = 11
    SEARCHFAILED = 12
    UNSUPPORTED = 13
    BUSY = 14
    EXPIRED = 15
    INPROGRESS = 16
    ALREADYEXISTS = 17
    MISSINGARGS = 18
    OUTOFRANGE = 19
    CREDENTIAL_INVALID = 20
    CREDENTIAL_EXPIRED = 21
    CREDENTIAL_MISMATCH = 22
    CREDENTIAL_SIGNER_UNTRUSTED = 23
    VLAN_UNAVAILABLE = 24
    INSUFFICIENT_BANDWIDTH = 25
    INSUFFICIENT_NODES = 26


class TbamError(Exception):
    """Root of the tree: `code` is what the wire says, `str()` a sentence for the asker.

    Attributes:
        field: the argument, option or element at fault; None where no single one is.
    """

    code: ClassVar[GeniCode]

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Refused(TbamError):
    """The request must be changed before it can succeed."""

    code = GeniCode.REFUSED


class BadArgs(Refused):
    """An argument, an option or something in the RSpec is not as it must be."""

    code = GeniCode.BADARGS


class Forbidden(Refused):
    """The credential does not allow that, or it is somebody else's."""

    code = GeniCode.FORBIDDEN


class BadVersion(Refused):
    """A kind or version of RSpec, or of credential, that is not spoken here."""

    code = GeniCode.BADVERSION


class TooBig(Refused):
    """More than is read."""

    code = GeniCode.TOOBIG


class RefusedHere(Refused):
    """It was shut down, or the site does not take this now."""

    code = GeniCode.REFUSED


class Unavailable(Refused):
    """A device of the island cannot carry it, or is being worked on."""

    code = GeniCode.UNAVAILABLE


class IslandRMNotAllocated(Refused):
    """There is no such slice or sliver here."""

    code = GeniCode.SEARCHFAILED


class Unsupported(Refused):
    """It is known, but cannot be done in this state, or at all."""

    code = GeniCode.UNSUPPORTED


class Expired(Refused):
    """The sliver, or what it needs, is over."""

    code = GeniCode.EXPIRED


class IslandRMNotUnivocal(Refused):
    """The slice has a sliver of that island already, in a state that stands in the way."""

    code = GeniCode.ALREADYEXISTS


class IslandRMAlreadyReserved(Refused):
    """The island is another slice's at some time of the slot; the sentence names which and when."""

    code = GeniCode.ALREADYEXISTS


class MissingArgs(Refused):
    """An argument or an option that must be there is not."""

    code = GeniCode.MISSINGARGS


class OutOfRange(Refused):
    """A time that cannot be had."""

    code = GeniCode.OUTOFRANGE


class Failed(TbamError):
    """The request may be right; our side could not do it."""

    code = GeniCode.SERVERERROR


class IslandRMMoreSliceWithSameID(Failed):
    """The database has the sliver twice: never by anything of ours."""

    code = GeniCode.ERROR


class IslandRMRPCError(Failed):
    """The gateway's agent could not be reached, or did not do what it was told."""

    code = GeniCode.SERVERERROR


class DbError(Failed):
    """The database does not answer; nothing was written."""

    code = GeniCode.DBERROR


class Busy(Failed):
    """It is on its way from one state to another; the same request may succeed in a moment."""

    code = GeniCode.BUSY


class ServerError(Failed):
    """A defect of ours. Its text never tells more than that."""

    code = GeniCode.SERVERERROR
