"""A small certificate authority for demonstrations and tests.

`init_pki` fills one directory with an authority, a server certificate and a user certificate, so
that mutual TLS is on from the first day; a real site brings its own files instead and never calls it.
The certificates keep to RFC 5280 closely enough for OpenSSL's X509_STRICT (the default of Python
3.13 clients) and use RSA-2048 with SHA-256, which every grid and Java client understands.

Nothing here reads a clock, and nothing that exists is ever overwritten: files that are good are
used again, a set that was interrupted is completed, anything else is a `PkiError` that names the
file and says what to do.

    authority      which files there are, which are kept and which are made
    experimenters  a slice authority, its users and their credentials
    issuer         an authority in two files, and what it issues
    certificates   what stands in a certificate; pure
    files          reading and writing them, atomically and one process at a time
"""

from pathservice.pki.authority import DEMO_USER_SUBJECT, Pki, init_pki, issue_client
from pathservice.pki.errors import PkiError
from pathservice.pki.issuer import Credential

__all__ = ["DEMO_USER_SUBJECT", "Credential", "Pki", "PkiError", "init_pki", "issue_client"]
