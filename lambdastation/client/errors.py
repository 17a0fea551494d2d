"""What may go wrong between a client and its station.

    ClientError
    ├── BadSettings       where the station is, or our certificate and key, is not said right
    ├── Unreachable       nobody answers; whether a request was carried out is not known
    │   └── TimedOut      ... within the time given
    ├── NotTrusted        the station's certificate or ours is not accepted
    ├── BadAnswer         what answered is no station, or one of another kind
    ├── Refused           the station says no; its code, its field, its sentence
    ├── NotActive         the ticket is over, or was not active in time
    └── StillThere        the ticket was not over in time

Every one has a `code`: the station's own word (docs/lambdastation.md lists them) or one of `settings`,
`unreachable`, `timeout`, `tls`, `bad-answer`, `not-active`, `still-there`. No exception of a library passes.
"""

from lambdastation.ost2.trouble import Trouble


class ClientError(Exception):
    """Why a call has no answer; `str()` is a sentence for people."""

    code = "client"


class BadSettings(ClientError):
    """A setting is missing or of no use; the sentence names it."""

    code = "settings"


class Unreachable(ClientError):
    """Nobody answers. Ask again; a ticket may have been opened, so with mode `auto`."""

    code = "unreachable"


class TimedOut(Unreachable):
    """The station did not answer in time."""

    code = "timeout"


class NotTrusted(ClientError):
    """TLS found no trust, one way or the other."""

    code = "tls"


class BadAnswer(ClientError):
    """The answer is not what a station answers."""

    code = "bad-answer"


class NotActive(ClientError):
    """The ticket is over, or was not active in time; in that case it is still there."""

    code = "not-active"


class StillThere(ClientError):
    """The ticket was not over in time; its routers are still being asked to be as before."""

    code = "still-there"


class Refused(ClientError):
    """The station says no.

    Attributes:
        code: its stable word, `capacity-exceeded`.
        field: the element at fault, where there is one.
        repeatable: the same request may do later.
    """

    def __init__(self, code: str, sentence: str, *, field: str | None = None, repeatable: bool) -> None:
        super().__init__(sentence)
        self.code = code
        self.field = field
        self.repeatable = repeatable


_OURS: dict[str, type[ClientError]] = {
    kind.code: kind for kind in (BadSettings, Unreachable, TimedOut, NotTrusted, BadAnswer)
}
_LATER = frozenset({"too-busy", "too-many-bodies"})
"""What the listener, which stands before SOAP, says of a moment."""


def from_trouble(trouble: Trouble) -> ClientError:
    """The error for what the connection says."""
    if trouble.code in _OURS:
        return _OURS[trouble.code](str(trouble))
    return Refused(trouble.code, str(trouble), repeatable=trouble.code in _LATER)
