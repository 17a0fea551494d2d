"""Where the station is and who we are: from the environment, else from a file at a fixed place.

LAMBDASTATION_URL, _CA, _CERT and _KEY, or `url = ...`, `ca = ...`, `cert = ...`, `key = ...` in
/etc/lambdastation/ost2.conf (LAMBDASTATION_CONFIG names another); `#` begins a comment line. Paths in the
file are taken from its own folder. `ca` may be a directory of authorities under their hashes.

Where no key is named it is in the certificate's file, as in a proxy's; where no certificate is named
either, X509_USER_PROXY names that file.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from lambdastation.ost2.trouble import Trouble

CONFIG_FILE = "/etc/lambdastation/ost2.conf"
_KEYS = ("url", "ca", "cert", "key")
_DEFAULT_PATH = "/lambdastation"
_LARGEST_FILE = 65536


class Settings(NamedTuple):
    """Where the station answers, and the PEM files of the authority, our certificate and its key.

    `cert` goes on with its chain, and may be the same file as `key`.
    """

    host: str
    port: int
    path: str
    ca: str
    cert: str
    key: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in force; the environment goes before the file.

    Raises:
        Trouble: one is missing, or the file cannot be read.
    """
    given = {key: environment.get(f"LAMBDASTATION_{key.upper()}", "") for key in _KEYS}
    if not all(given.values()):
        given = {**_from_file(environment.get("LAMBDASTATION_CONFIG")), **_only_set(given)}
    given["cert"] = given.get("cert") or environment.get("X509_USER_PROXY", "")
    given["key"] = given.get("key") or given["cert"]
    for key in _KEYS:
        if not given.get(key):
            raise Trouble("settings", f"set LAMBDASTATION_{key.upper()}, or {key} in {CONFIG_FILE}")
    host, port, path = _place(given["url"])
    return Settings(host, port, path, given["ca"], given["cert"], given["key"])


def _only_set(given: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in given.items() if value}


def _from_file(named: str | None) -> dict[str, str]:
    file = Path(named or CONFIG_FILE)
    try:
        with file.open(encoding="utf-8") as stream:
            lines = stream.read(_LARGEST_FILE).splitlines()
    except FileNotFoundError as error:
        if named:
            raise Trouble("settings", f"there is no file {file}") from error
        return {}
    except (OSError, ValueError) as error:
        raise Trouble("settings", f"{file} cannot be read") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if key not in _KEYS or not value or key in found:
            raise Trouble("settings", f"{file}, line {number}: url, ca, cert or key = value, each once")
        found[key] = value if key == "url" else str(file.absolute().parent / value)
    return found


def _place(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme != "https" or parts.username is not None or not _plain(parts.path):
        raise Trouble("settings", "the URL is written https://HOST:8443/lambdastation")
    return host, port or 443, parts.path if parts.path.strip("/") else _DEFAULT_PATH


def _plain(path: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9/._~-]*", path) is not None
