"""From a credential's text to what it says, proven: every signature, every signer, every delegation.

The last of the line is signed by an authority over its target. Each of the others is signed by the
owner of the next, who hands on privileges that were given to be handed on, for the same target, for no
longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509

from tbam.credentials.certificates import has_same_key, subject_of, urn_of
from tbam.credentials.content import Statement, read_statement
from tbam.credentials.document import SignedElement, read_document
from tbam.credentials.errors import CredentialInvalid, SignerUntrusted
from tbam.credentials.privileges import find_not_handed_on
from tbam.credentials.signature import find_signer
from tbam.credentials.trust import TrustedRoots


@dataclass(frozen=True, slots=True)
class _Signed:
    """A statement and the certificate whose key signed it, which a trusted root vouches for."""

    statement: Statement
    signer: x509.Certificate


def verify_credential(text: str, *, trust: TrustedRoots, now: datetime) -> Statement:
    """Answer what a credential says, proven at `now`; whether it is over by then is left to the caller.

    That one look is enough for a whole line: none of it may last longer than the one before. Raises
    CredentialInvalid or SignerUntrusted.
    """
    elements = read_document(text)
    statements = [read_statement(element.credential) for element in elements]
    line: list[_Signed] = []
    # From the authority's down: the owner that signed the next one is then known, with the chain above him.
    for element, statement in zip(reversed(elements), reversed(statements), strict=True):
        above = line[-1].statement.owner_chain if line else ()
        line.append(_Signed(statement, _find_trusted_signer(element, above, trust, now)))
    _check_authority(line[0])
    for parent, child in pairwise(line):
        _check_delegation(child, parent)
    return line[-1].statement


def _find_trusted_signer(
    element: SignedElement, known: Sequence[x509.Certificate], trust: TrustedRoots, now: datetime
) -> x509.Certificate:
    chain = find_signer(element, accept_sha1=trust.accept_sha1)
    trust.find_path([*chain, *known], now=now)
    return chain[0]


def _check_authority(signed: _Signed) -> None:
    """Who first grants something has a say over it: a user's certificate does not make an authority."""
    signer, target = urn_of(signed.signer), signed.statement.target
    if signer is None or not signer.has_authority_over(target):
        raise SignerUntrusted(
            f"the signer {signer or subject_of([signed.signer])} is no authority over {target}; "
            f"that is urn:publicid:IDN+{target.authority}+authority+sa, for one"
        )


def _check_delegation(child: _Signed, parent: _Signed) -> None:
    given, had = child.statement, parent.statement
    if not has_same_key(child.signer, had.owner_chain[0]):
        raise SignerUntrusted(
            f"{subject_of([child.signer])} signed a delegated credential; "
            f"only its owner could hand it on, who is {had.owner}"
        )
    if given.target != had.target:
        raise CredentialInvalid(f"a credential for {had.target} cannot be delegated for {given.target}")
    if given.expires_at > had.expires_at:
        raise CredentialInvalid(
            f"a delegated credential expires at {given.expires_at.isoformat()}, "
            f"later than the one it comes from, {had.expires_at.isoformat()}"
        )
    if kept := find_not_handed_on(given.privileges, had.privileges):
        raise CredentialInvalid(
            f"{', '.join(kept)[:200]}: {had.owner} was not given that to hand on (can_delegate)"
        )
