"""What clients put into the argument `credentials`, as text.

The API says a list of {geni_type, geni_version, geni_value}. What also occurs is taken: values in
XML-RPC's base64 (geni-lib sends files as bytes), versions as integers, and bare XML in place of the
struct, as AM API v2 had it. Types we do not know (`geni_abac`) are passed over: clients send
all they have.
"""

import codecs
import xmlrpc.client
from collections.abc import Mapping

from tbam.credentials.errors import CredentialInvalid
from tbam.errors import BadArgs, MissingArgs

LONGEST = 256 * 1024
"""Bytes of one credential. Those of clearinghouses have 5 to 30 thousand."""
MOST = 20
_FIELD = "credentials"
_TYPE = "geni_sfa"
_VERSIONS = ("2", "3")
_BARE = (str, bytes, bytearray, xmlrpc.client.Binary)


def presented(credentials: object) -> list[str]:
    """Answer the texts of all `geni_sfa` credentials, each once.

    Raises:
        MissingArgs: there is none at all.
        BadArgs: it is not a list of credentials.
        CredentialInvalid: none is of a type and version we know, or one is too long or no text.
    """
    if credentials is None or credentials == []:
        raise MissingArgs("send at least one credential of type geni_sfa", field=_FIELD)
    if not isinstance(credentials, list | tuple):
        raise BadArgs("must be a list of structs {geni_type, geni_version, geni_value}", field=_FIELD)
    if len(credentials) > MOST:
        raise BadArgs(f"{len(credentials)} were sent; {MOST} are the most", field=_FIELD)
    known = [_text(_value(item)) for item in credentials if _is_known(item)]
    if not known:
        raise CredentialInvalid(f"none of the credentials is of geni_type {_TYPE}, geni_version 2 or 3")
    return list(dict.fromkeys(known))


def _is_known(item: object) -> bool:
    """Whether it is of our type and version, as what stands there bare is taken to be."""
    if isinstance(item, _BARE):
        return True
    if not isinstance(item, Mapping):
        raise BadArgs("each must be a struct {geni_type, geni_version, geni_value}", field=_FIELD)
    kind, version = item.get("geni_type"), item.get("geni_version")
    if not isinstance(kind, str) or isinstance(version, bool) or not isinstance(version, str | int):
        raise BadArgs("geni_type and geni_version must be strings, such as geni_sfa and 3", field=_FIELD)
    return kind.lower() == _TYPE and str(version) in _VERSIONS


def _value(item: object) -> object:
    return item.get("geni_value") if isinstance(item, Mapping) else item


def _text(value: object) -> str:
    if isinstance(value, xmlrpc.client.Binary):
        value = value.data
    if not isinstance(value, str | bytes | bytearray):
        raise BadArgs("geni_value must be the XML, as a string or in base64", field=_FIELD)
    if len(value) > LONGEST:
        raise CredentialInvalid(f"a credential may have {LONGEST} bytes, this one has {len(value)}")
    if isinstance(value, str):
        return value
    try:
        return bytes(value).removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CredentialInvalid("a credential in base64 must be UTF-8") from error
