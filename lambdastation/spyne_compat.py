"""The one door to spyne, which by itself does not import on Python 3.12 and later.

Spyne 2.14 carries an old copy of `six` whose importer Python 3.12 no longer understands and 3.11 warns of. So
the modules that spyne takes from `spyne.util.six.moves` are put in place beforehand, from the real `six`, and
the importer is taken out again; replacing the whole copy would break what spyne adds to it. (Python 3.13 also
needs the package legacy-cgi.)
"""

import importlib
import sys
import warnings

SEEDED = (
    "moves",
    "moves.collections_abc",
    "moves.http_cookies",
    "moves.urllib",
    "moves.urllib.error",
    "moves.urllib.parse",
    "moves.urllib.request",
)


def seed_moves() -> None:
    """Give spyne the modules it looks for where its own copy of `six` cannot; harmless if done already."""
    for name in SEEDED:
        sys.modules.setdefault(f"spyne.util.six.{name}", importlib.import_module(f"six.{name}"))


def drop_importer() -> None:
    """Take the importer of spyne's copy of `six` out of Python's list; harmless if it is not there."""
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if not type(finder).__module__.startswith("spyne.util.six")
    ]


seed_moves()
with warnings.catch_warnings():
    # Its old-fashioned imports and regular expressions are not ours to mend.
    warnings.simplefilter("ignore")
    from spyne import Application, ComplexModel, Fault, ServiceBase, rpc
    from spyne.const.xml import NS_SOAP11_ENV
    from spyne.context import MethodContext
    from spyne.model.complex import TypeInfo
    from spyne.model.primitive import Boolean, DateTime, Integer32, Integer64, Unicode, UnsignedInteger32
    from spyne.protocol.soap import Soap11
    from spyne.server import ServerBase

    # Imported by `Application` when it is first made.
    from spyne.server import null as _null  # noqa: F401
drop_importer()

__all__ = [
    "NS_SOAP11_ENV",
    "Application",
    "Boolean",
    "ComplexModel",
    "DateTime",
    "Fault",
    "Integer32",
    "Integer64",
    "MethodContext",
    "ServerBase",
    "ServiceBase",
    "Soap11",
    "TypeInfo",
    "Unicode",
    "UnsignedInteger32",
    "drop_importer",
    "rpc",
    "seed_moves",
]
