"""The port that clients reach us on: mutual TLS and HTTP before WSGI applications.

What may enter: reading bytes from strangers, deciding who they are, and refusing what no application
should see. What may not: tickets, slices, the database; those are the mounted applications' business.

A connection's way through the modules:

    server      Listener: built from settings, starts, reloads, stops; cheroot is in here
    lobby       one thread that waits for everybody's clients: shaking hands, composing a head or a body,
                keeping alive, lingering; a stalled client costs an entry and the bytes it sent
    visitor     who waits there, and who has to go where bodies crowd
    waiting     who waits for what, and until when
    channel     one TLS connection; receiving never waits, sending waits within deadlines
    material    the files behind TLS, checked, as an OpenSSL context and a verifier
    trust       the authorities and revocation lists among them, in a file or a grid's directory
    verifier    who a certificate chain is, at an instant that is handed in
    proxies     which of its certificates are proxies, and what they were given
    connection  cheroot's connection and request, made strict: a head is examined, a whole request served
    head, body  the two halves of a request, read strictly
    pool        threads: the desk's for heads, the workers for whole requests
    front       WSGI: certificate, path, method, length, content type, XML, then the application
    xmlguard    which XML no application gets to see
"""

from pathservice.listener.errors import BindError, ListenerError, TlsFileError
from pathservice.listener.model import AuditLine, Identity, Limits, Mount, TlsSettings
from pathservice.listener.server import Listener

__all__ = [
    "AuditLine",
    "BindError",
    "Identity",
    "Limits",
    "Listener",
    "ListenerError",
    "Mount",
    "TlsFileError",
    "TlsSettings",
]
