"""What one credential says. It is read from the element that is verified, and believed after that alone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from lxml import etree

from tbam.credentials.certificates import read_gid, urn_of
from tbam.credentials.document import child, optional_child, text_of
from tbam.credentials.errors import CredentialInvalid
from tbam.credentials.privileges import Privilege
from tbam.urn import BadUrn, Urn, parse_urn

_FIELDS = ("type", "serial", "owner_gid", "owner_urn", "target_gid", "target_urn", "uuid", "expires")
_KNOWN = frozenset({*_FIELDS, "privileges", "parent", "extensions"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Statement:
    """`owner` may do with `target` what `privileges` say, until `expires_at` (aware, UTC).

    `owner_chain` begins with the owner's certificate; those above it may follow.
    """

    owner: Urn
    owner_chain: tuple[x509.Certificate, ...]
    target: Urn
    expires_at: datetime
    privileges: tuple[Privilege, ...]


def read_statement(credential: etree._Element) -> Statement:
    """Read a `credential` element. Raises CredentialInvalid, naming the field."""
    for inner in credential:
        if inner.tag not in _KNOWN:
            raise CredentialInvalid(f"credential holds {str(inner.tag)[:80]}, which nobody here understands")
    kind = text_of(child(credential, "type"))
    if kind != "privilege":
        raise CredentialInvalid(f"type is {kind[:40]!r}; only credentials of type privilege are accepted")
    return Statement(
        owner=_named(credential, "owner"),
        owner_chain=tuple(read_gid(text_of(child(credential, "owner_gid")), "owner_gid")),
        target=_named(credential, "target"),
        expires_at=_time(text_of(child(credential, "expires"))),
        privileges=tuple(_privilege(inner) for inner in child(credential, "privileges")),
    )


def _named(credential: etree._Element, who: str) -> Urn:
    """The owner's or target's URN, which the certificate beside it does not contradict."""
    try:
        urn = parse_urn(text_of(child(credential, f"{who}_urn")))
    except BadUrn as error:
        raise CredentialInvalid(f"{who}_urn: {error}") from error
    gid = optional_child(credential, f"{who}_gid")
    if gid is not None:
        certified = urn_of(read_gid(text_of(gid), f"{who}_gid")[0])
        if certified is not None and certified != urn:
            raise CredentialInvalid(f"{who}_urn is {urn}, but {who}_gid is the certificate of {certified}")
    return urn


def _time(text: str) -> datetime:
    """SFA writes UTC without a zone."""
    wrong = CredentialInvalid(f"expires is {text[:40]!r}; a time is written 2030-01-31T12:00:00Z (RFC 3339)")
    if not _TIME.fullmatch(text):
        raise wrong
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong from error


def _privilege(element: etree._Element) -> Privilege:
    if element.tag != "privilege":
        raise CredentialInvalid(f"privileges holds {str(element.tag)[:80]}; there can be privilege only")
    name = text_of(child(element, "name"))
    flag = optional_child(element, "can_delegate")
    can_delegate = _FLAGS.get("false" if flag is None else text_of(flag).lower())
    if not 0 < len(name) <= _LONGEST_NAME or can_delegate is None:
        raise CredentialInvalid("a privilege has a name, and can_delegate is true or false")
    return Privilege(name, can_delegate)
