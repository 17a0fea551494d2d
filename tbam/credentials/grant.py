"""Whether a client may make a call: the one question the rest of the door asks."""

import enum
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from tbam.credentials.certificates import UNREADABLE, has_same_key, urn_of
from tbam.credentials.content import Statement
from tbam.credentials.errors import (
    CredentialError,
    CredentialExpired,
    CredentialInvalid,
    CredentialMismatch,
    SignerUntrusted,
)
from tbam.credentials.presented import presented
from tbam.credentials.privileges import Call, expand
from tbam.credentials.trust import TrustedRoots
from tbam.credentials.verification import verify_credential
from tbam.errors import BadArgs, Forbidden, Refused
from tbam.urn import Urn, parse_urn

_TELLING: tuple[type[Refused], ...] = (
    CredentialInvalid,
    SignerUntrusted,
    CredentialMismatch,
    CredentialExpired,
    Forbidden,
)
"""What went wrong with one of several credentials, the most telling last: what was nearest to serve."""


class Kind(enum.Enum):
    """What a credential is for."""

    SLICE = "slice"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a verified credential gives its owner, who is the client.

    `owner_subject` is the client's certificate's, as RFC 4514 writes it; `target` is the slice, or the
    user; `operations` are what its privileges allow, `expires_at` is aware, UTC.
    """

    owner: Urn
    owner_subject: str
    target: Urn
    operations: frozenset[str]
    expires_at: datetime
    kind: Kind


def authorize(
    credentials: object,
    *,
    client: bytes,
    call: Call,
    slice_urn: str | None,
    trust: TrustedRoots,
    now: datetime,
) -> Grant:
    """Answer what allows the client to make this call on this slice; of several, what lasts longest.

    `credentials` is the API's argument as it came. `client` is the TLS client's own certificate in DER,
    of the end entity where it came with a proxy. `slice_urn` is None for ListResources alone. `now`
    is aware.

    Raises:
        CredentialError, Forbidden, MissingArgs, BadArgs: with the sentence and the code for the answer.
    """
    target = _target(call, slice_urn)
    texts = presented(credentials)
    certificate = _client(client)
    grants: list[Grant] = []
    problems: list[Refused] = []
    for text in texts:
        try:
            statement = verify_credential(text, trust=trust, now=now)
            grants.append(_grant(statement, certificate, call, target, now))
        except (CredentialError, Forbidden) as error:
            problems.append(error)
    if grants:
        return max(grants, key=lambda grant: grant.expires_at)
    raise max(problems, key=lambda error: _TELLING.index(type(error)))


def _target(call: Call, slice_urn: str | None) -> Urn | None:
    if slice_urn is None:
        if call.privilege is not None:
            raise BadArgs(f"{call.method} is about a slice; name it", field="slice_urn")
        return None
    return parse_urn(slice_urn, kind="slice")


def _client(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as error:
        raise CredentialMismatch("the certificate you are connected with cannot be read") from error


def _grant(
    statement: Statement, client: x509.Certificate, call: Call, target: Urn | None, now: datetime
) -> Grant:
    _check_owner(statement, client)
    if target is not None and statement.target != target:
        raise CredentialMismatch(f"the credential is for {statement.target}; {target} was called for")
    kind = next((kind for kind in Kind if statement.target.is_a(kind.value)), None)
    if kind is None:
        raise CredentialMismatch(f"the credential is for {statement.target}; send a slice's or a user's")
    if now >= statement.expires_at:
        raise CredentialExpired(
            f"the credential for {statement.target} expired at {statement.expires_at.isoformat()}; "
            f"get a new one"
        )
    operations = expand(statement.privileges)
    if call.privilege is not None and call.privilege not in operations:
        raise Forbidden(f"{call.method} needs the privilege {call.privilege}, which the credential lacks")
    return Grant(
        owner=statement.owner,
        owner_subject=client.subject.rfc4514_string(),
        target=statement.target,
        operations=operations,
        expires_at=statement.expires_at,
        kind=kind,
    )


def _check_owner(statement: Statement, client: x509.Certificate) -> None:
    """The owner is who is connected: the same key, and the same name.

    The certificate may be another one, longer or shorter lived. One without a URN, as grids issue
    them, has to have the subject of the owner's.
    """
    owner = statement.owner_chain[0]
    name = urn_of(client)
    is_named = name == statement.owner if name is not None else client.subject == owner.subject
    if not is_named or not has_same_key(client, owner):
        raise CredentialMismatch(
            f"the credential is {statement.owner}'s; you are connected as "
            f"{name or client.subject.rfc4514_string()[:200]}"
            f"{' with another key than its owner_gid has' if is_named else ''}"
        )
