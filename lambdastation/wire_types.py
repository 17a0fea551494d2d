"""What the types of the SOAP service are made of: restricted words, elements, sequences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambdastation.spyne_compat import ComplexModel, Integer32, TypeInfo, Unicode
from lambdastation.ticket import DscpRequest, Mode
from reservation.lifecycle import Outcome, State

NAMESPACE = "urn:pathservice:lambdastation:1"
SERVICE_NAME = "LambdaStation"


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A restricted type under a name of its own. Spyne would name each use of it anew, so it is made anew."""

    base: Any
    name: str
    limits: Mapping[str, Any]

    def element(self, **occurrence: Any) -> Any:
        kind = self.base(type_name=self.name, **self.limits, **occurrence)
        kind.__namespace__ = NAMESPACE
        return kind


def text_up_to(length: int, name: str) -> SimpleType:
    """Text of at most so many characters under a name."""
    return SimpleType(Unicode, name, {"max_len": length})


def _words(values: Iterable[StrEnum], name: str) -> SimpleType:
    return SimpleType(Unicode, name, {"values": [word.value for word in values]})


def complex_type(name: str, members: Mapping[str, Any]) -> Any:
    """A sequence of these elements under a name."""
    return ComplexModel.produce(namespace=NAMESPACE, type_name=name, members=TypeInfo(members))


def _element(kind: Any, **occurrence: Any) -> Any:
    if isinstance(kind, SimpleType):
        return kind.element(nillable=False, **occurrence)
    return kind.customize(nillable=False, **occurrence)


def optional(kind: Any) -> Any:
    """The type as an element that may be left out."""
    return _element(kind, min_occurs=0)


def required(kind: Any) -> Any:
    """The type as an element that must be there."""
    return _element(kind, min_occurs=1)


def any_number_of(kind: Any) -> Any:
    """The type as an element that may be there any number of times."""
    return _element(kind, min_occurs=0, max_occurs="unbounded")


NAME = text_up_to(64, "nameWord")
ADDRESS_LIST = text_up_to(8192, "addressList")
PORT_LIST = text_up_to(4096, "portList")
BANDWIDTH = text_up_to(32, "bandwidthWord")
SUBJECT = text_up_to(1024, "subjectName")
DSCP = SimpleType(Integer32, "dscpValue", {"ge": 0, "le": 63})
DSCP_REQUEST = _words(DscpRequest, "dscpRequestWord")
STATE = _words(State, "stateWord")
MODE = _words(Mode, "modeWord")
OUTCOME = _words(Outcome, "outcomeWord")
LONGEST_SENTENCE = 1024
SENTENCE = text_up_to(LONGEST_SENTENCE, "sentence")
ANSWERED_MODE = _words([Mode.NEW, Mode.JOIN, Mode.EXTEND], "answeredModeWord")
