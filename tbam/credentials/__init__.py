"""Credentials: who may do what with a slice, signed by the authority whose slice it is.

`authorize` is what the rest of the door asks; it answers a `Grant` or raises what the client is
told. An unverified credential opens nothing.

    presented      the API's argument, as text
    document       XML with one meaning; which signature is for which credential
    content        what a credential says
    signature      whose key signed it
    trust          whether a trusted root vouches for the signer
    verification   all of that, along a line of delegations
    privileges     what names allow, and what calls need; pure
    grant          the verdict for one client, call and slice
    issue          making them: for tests, demonstrations and small sites
"""

from tbam.credentials.errors import (
    CredentialError,
    CredentialExpired,
    CredentialInvalid,
    CredentialMismatch,
    SignerUntrusted,
)
from tbam.credentials.grant import Grant, Kind, authorize
from tbam.credentials.privileges import Call, Privilege
from tbam.credentials.trust import TrustedRoots

__all__ = [
    "Call",
    "CredentialError",
    "CredentialExpired",
    "CredentialInvalid",
    "CredentialMismatch",
    "Grant",
    "Kind",
    "Privilege",
    "SignerUntrusted",
    "TrustedRoots",
    "authorize",
]
