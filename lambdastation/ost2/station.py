"""Speaking to the station: one TLS connection, everything with a time-out."""

import http.client
import json
import ssl
import stat
from pathlib import Path

from lambdastation.ost2.messages import Ticket, read_answer
from lambdastation.ost2.settings import Settings
from lambdastation.ost2.trouble import Trouble

TIMEOUT_SECONDS = 15
"""For connecting, and for each wait for some bytes more."""
_LARGEST_ANSWER = 1024 * 1024


class Station:
    """A station that is asked over HTTPS with our certificate."""

    def __init__(self, settings: Settings, *, timeout: float | None = None) -> None:
        """Nothing is sent yet.

        Args:
            timeout: seconds, instead of `TIMEOUT_SECONDS`.

        Raises:
            Trouble: a certificate or key cannot be used.
        """
        self._path = settings.path
        self._timeout = TIMEOUT_SECONDS if timeout is None else timeout
        self._connection = http.client.HTTPSConnection(
            settings.host, settings.port, timeout=self._timeout, context=_context(settings)
        )

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def ask(self, message: bytes) -> Ticket:
        """The ticket that the station answers with.

        Raises:
            Trouble: it refuses, does not answer, or is not the one we trust.
        """
        return read_answer(self.exchange(message))

    def exchange(self, message: bytes) -> bytes:
        """The station's answer to a message: an envelope, with a fault perhaps.

        Raises:
            Trouble: it answers none, or is not the one we trust.
        """
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        try:
            self._connection.request("POST", self._path, message, headers)
            answer = self._connection.getresponse()
            content = answer.read(_LARGEST_ANSWER + 1)
        except TimeoutError as error:
            raise Trouble("timeout", f"the station did not answer for {self._timeout:g} seconds") from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, http.client.RemoteDisconnected) as error:
            raise Trouble("unreachable", "the station hung up") from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "no reason given"
            raise Trouble("tls", f"no trust between us and the station: {reason}") from error
        except http.client.HTTPException as error:
            raise Trouble("bad-answer", "the station's answer is no HTTP") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "the connection broke"
            raise Trouble("unreachable", f"the station cannot be reached: {reason}") from error
        if len(content) > _LARGEST_ANSWER:
            raise Trouble("bad-answer", "the answer is too large")
        if answer.status not in {200, 500} or b"<" not in content[:64]:
            raise _refused(answer.status, content)
        return content


def _context(settings: Settings) -> ssl.SSLContext:
    _refuse_open_key(settings.key)
    cafile, capath = (None, settings.ca) if Path(settings.ca).is_dir() else (settings.ca, None)
    try:
        context = ssl.create_default_context(cafile=cafile, capath=capath)
        # From Python 3.13 on that is stricter than OpenSSL itself, and refuses what grids issue.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # Without this OpenSSL would ask a terminal for the key's passphrase, and wait.
        context.load_cert_chain(settings.cert, settings.key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        raise Trouble(
            "settings",
            f"the files {settings.ca}, {settings.cert} and {settings.key} are not an authority, "
            f"a certificate and its key without a passphrase{_reason(error)}",
        ) from error
    return context


def _refuse_open_key(key: str) -> None:
    try:
        mode = stat.S_IMODE(Path(key).stat().st_mode)
    except OSError as error:
        raise Trouble("settings", f"the key {key} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise Trouble(
            "settings",
            f"the key {key} can be read by others than its owner (mode {mode:04o}); chmod 600 it",
        )


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return f" ({reason})" if reason else ""


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _refused(status: int, content: bytes) -> Trouble:
    """What stands before SOAP refuses with JSON."""
    try:
        told = json.loads(content)
        return Trouble(str(told["code"]), str(told["message"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Trouble("bad-answer", f"the station answered with HTTP status {status} and no sentence")
