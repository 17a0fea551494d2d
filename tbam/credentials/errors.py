"""Why a credential opens nothing; the door's `BadArgs`, `Forbidden` and `MissingArgs` stand beside these.

tbam.errors.Refused
└── CredentialError
    ├── CredentialInvalid    20   not readable, not signed as it must be, or changed since
    ├── CredentialExpired    21   it was good
    ├── CredentialMismatch   22   it is somebody else's, or for something else
    └── SignerUntrusted      23   whoever signed it has no say here
"""

from tbam.errors import GeniCode, Refused


class CredentialError(Refused):
    """One credential cannot be accepted; another one may be."""

    code = GeniCode.CREDENTIAL_INVALID


class CredentialInvalid(CredentialError):
    """Not a credential, or not as it was signed."""

    code = GeniCode.CREDENTIAL_INVALID


class CredentialExpired(CredentialError):
    """Over; its owner gets a new one from the same authority."""

    code = GeniCode.CREDENTIAL_EXPIRED


class CredentialMismatch(CredentialError):
    """Another owner's, or for another slice."""

    code = GeniCode.CREDENTIAL_MISMATCH


class SignerUntrusted(CredentialError):
    """No root we trust vouches for the signer, or the signer has no say over the target."""

    code = GeniCode.CREDENTIAL_SIGNER_UNTRUSTED
