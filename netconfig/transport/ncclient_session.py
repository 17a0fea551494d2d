"""ncclient's session with one device, as we need it: one host key, our framing, replies by number."""

import queue
import threading
from contextlib import suppress
from typing import Any

import paramiko
from ncclient.transport.session import NetconfBase, SessionListener
from ncclient.transport.ssh import SSHSession

from netconfig.hostkey import HostKey
from netconfig.transport.framing import END, FramingError, Messages


class _OneHostKey:
    """What ncclient takes for a file of known hosts: whoever it asks of has this key, and no other.

    Told of the key itself it would ask an RSA key for signatures by SHA-1 alone, which servers refuse today.
    """

    def __init__(self, key: HostKey) -> None:
        self._key = key

    def lookup(self, _host: str) -> dict[str, HostKey]:
        """By which names the server is asked for it, best first."""
        return dict.fromkeys(self._key.algorithms, self._key)

    def check(self, _host: str, shown: paramiko.PKey) -> bool:
        """Whether that is the key."""
        return bool(shown.get_base64() == self._key.base64)


class _SshSession(SSHSession):  # type: ignore[misc]
    """ncclient's session, that knows no host keys but the one it is told, and bears text that is no UTF-8."""

    def __init__(self, handler: Any, key: HostKey) -> None:
        self._messages = Messages()
        super().__init__(handler)
        self._host_keys = _OneHostKey(key)

    @property
    def parser(self) -> "_SshSession":
        """What ncclient has take what arrives: its own parsers end the session at what is no UTF-8."""
        return self

    @parser.setter
    def parser(self, other: object) -> None:
        """It stays; ncclient would choose another with each message."""

    def parse(self, data: bytes) -> None:
        """Let whoever listens have the messages that are whole with this.

        Raises:
            FramingError: there will be none any more, and the session ends.
        """
        for message in self._messages.feed(data, is_chunked=self._is_chunked):
            self._dispatch_message(message)

    @property
    def _is_chunked(self) -> bool:
        return bool(self._base == NetconfBase.BASE_11)

    def load_known_hosts(self, filename: str | None = None) -> None:
        """None are loaded: the site file's is the only one that counts."""

    def tell(self, text: str) -> None:
        """Send a request at once; ncclient's own thread looks for something to send ten times a second.

        Raises:
            EOFError: the session has just ended.
        """
        data, channel = text.encode(), self._channel
        if channel is None:
            raise EOFError
        channel.sendall(b"\n#%d\n%s\n##\n" % (len(data), data) if self._is_chunked else data + END)


class NcclientSession(SessionListener):  # type: ignore[misc]
    """A session of ncclient's, and the replies that arrive on it."""

    def __init__(self, handler: Any, key: HostKey) -> None:
        self.library = _SshSession(handler, key)
        self._replies: queue.Queue[tuple[str, str] | Exception] = queue.Queue()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return bool(self.library.connected and self.library.is_alive())

    def ask(self, number: str, text: str, patience: float) -> str:
        """The reply with this number.

        Raises:
            EOFError: the session ended.
            paramiko.SSHException: what arrives makes no messages.
            TimeoutError: nothing came in time.
        """
        self.library.add_listener(self)
        self.library.tell(text)
        while True:
            # A thread that ended before we listened tells nobody.
            if not self.library.is_alive() and self._replies.empty():
                raise EOFError
            try:
                found = self._replies.get(timeout=patience)
            except queue.Empty:
                raise TimeoutError from None
            if isinstance(found, FramingError):
                raise paramiko.SSHException(str(found)) from found
            if not isinstance(found, tuple):
                raise EOFError from found  # noqa: TRY004 - how the session ended, no wrong type
            if found[0] == number:
                return found[1]

    def callback(self, root: tuple[str, dict[str, str]], raw: str) -> None:
        """A message has arrived."""
        tag, attributes = root
        if tag.rpartition("}")[2] == "rpc-reply":
            self._replies.put((attributes.get("message-id", ""), raw))

    def errback(self, ex: Exception) -> None:
        """The session has ended."""
        self._replies.put(ex)

    def disconnect(self) -> None:
        """End it, and its threads."""
        transport = self.library.transport
        if transport is None:
            return
        transport.close()
        transport.join(1.0)
        # Or paramiko's timer, a thread that no interpreter ends before, runs on.
        transport.packetizer.complete_handshake()
        if self.library.is_alive() and threading.current_thread() is not self.library:
            self.library.join(1.0)
        with suppress(Exception):
            self.library.close()
