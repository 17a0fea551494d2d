"""Who the agent is, and who may call it: certificates and keys in files, taken anew when they are renewed."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ofgw.errors import BadSettings


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, and who may call.

    Attributes:
        ca: PEM file with the authorities of those who may call; no others are trusted.
        subjects: of their certificates; whoever is not among them may call nothing.
    """

    ca: Path
    cert: Path
    key: Path
    subjects: frozenset[x509.Name]

    def context(self) -> ssl.SSLContext:
        """TLS as it is spoken here, from the files as they are now.

        Raises:
            BadSettings: one of them cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        for what, path in (("ca", self.ca), ("cert", self.cert), ("key", self.key)):
            if not path.is_file():
                raise BadSettings(f"{what}: there is no file {path}")
        try:
            context.load_cert_chain(self.cert, self.key, password=_no_password)
            context.load_verify_locations(cafile=self.ca)
        except OSError as error:
            raise BadSettings(f"ca, cert, key: {self.ca}, {self.cert}, {self.key}: {error}") from error
        return context


def _no_password() -> str:
    """Else the library would ask on the terminal."""
    raise OSError("the key is encrypted; no password is asked for")
