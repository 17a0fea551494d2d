"""Between a driver and a switch: lets troubles befall what is said, and looks on. One socket each way."""

import contextlib
import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract.drivers.bench import Trouble

_HEADER = struct.Struct("!BBHI")
_ERROR, _EXPERIMENTER, _PORT_STATUS = 1, 4, 12
_ONF = 0x4F4E4600
_BUNDLE_CONTROL, _BUNDLE_ADD = 2300, 2301
_COMMIT_REPLY = 5


class Broken(Exception):
    """This connection ends."""


class Hitches:
    """What shall befall whom, and who looks on; shared by the two sockets of a switch."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.look: Callable[[], None] | None = None
        self.complaint: AssertionError | None = None
        self.forget: Callable[[], None] = lambda: None
        self.hangs_for_long = True
        self.pushes = 0
        self._trouble: tuple[Trouble, int, bool] | None = None
        self._lines = 0

    def set(self, trouble: tuple[Trouble, int, bool] | None) -> None:
        with self.lock:
            self._trouble, self._lines = trouble, 0

    def due(self, *, reading: bool) -> Trouble | None:
        """What befalls the line, or the reading, that is about to pass."""
        with self.lock:
            if self._trouble is None:
                return None
            trouble, number, of_reading = self._trouble
            if reading != of_reading:
                return None
            self._lines += 1
            return trouble if self._lines == number else None

    def happened(self) -> None:
        """Something has had an effect."""
        with self.lock:
            self.pushes += 1
            look = self.look
        if look is not None:
            try:
                look()
            except AssertionError as error:
                self.complaint = self.complaint or error


class Relay:
    """Listens at one socket and passes on to another, message by message."""

    def __init__(self, here: Path, there: Path, hitches: Hitches, *, is_database: bool) -> None:
        self.accepted = 0
        self._there = there
        self._hitches = hitches
        self._talk = DatabaseTalk if is_database else OpenFlowTalk
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(here))
        self._listener.listen()
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def drop(self) -> None:
        """End every connection."""
        for sock in list(self._connections):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.drop()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._connections.append(client)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            try:
                server.connect(str(self._there))
                talk = self._talk(client, server, self._hitches)
                while True:
                    for sock in select.select([client, server], [], [])[0]:
                        data = sock.recv(65536)
                        if not data:
                            return
                        talk.hear(data, from_client=sock is client)
            except (OSError, Broken):
                return


class Talk:
    """One connection through a relay."""

    def __init__(self, client: socket.socket, server: socket.socket, hitches: Hitches) -> None:
        self._client = client
        self._server = server
        self._hitches = hitches
        self._pending = {True: b"", False: b""}

    def hear(self, data: bytes, *, from_client: bool) -> None:
        self._pending[from_client] += data
        for message in self._messages(from_client):
            if from_client:
                self._pass(message)
            else:
                self._answer(message)

    def _messages(self, from_client: bool) -> Iterator[bytes]:
        raise NotImplementedError

    def _pass(self, message: bytes) -> None:
        raise NotImplementedError

    def _answer(self, message: bytes) -> None:
        raise NotImplementedError

    def _befall(self, trouble: Trouble | None, message: bytes, *, refusal: bytes, garbage: bytes) -> bool:
        """Do to the message what is to be done; returns whether it is passed on."""
        match trouble:
            case Trouble.DROP_BEFORE:
                raise Broken
            case Trouble.FORGET:
                self._hitches.forget()
                raise Broken
            case Trouble.DROP_AFTER:
                self._server.sendall(message)
                self._drain()
                raise Broken
            case Trouble.HANG | Trouble.HANG_AFTER:
                if trouble is Trouble.HANG_AFTER:
                    self._server.sendall(message)
                self._wait_for_end()
                raise Broken
            case Trouble.REFUSE:
                self._client.sendall(refusal)
                return False
            case Trouble.GARBAGE:
                self._client.sendall(garbage)
        return True

    def _drain(self) -> None:
        """Let the server have done it."""
        self._server.shutdown(socket.SHUT_WR)
        while self._server.recv(65536):
            pass

    def _wait_for_end(self) -> None:
        if self._hitches.hangs_for_long:
            while self._client.recv(65536):
                pass


class OpenFlowTalk(Talk):
    """OpenFlow, with a bundle's additions for lines."""

    def _messages(self, from_client: bool) -> Iterator[bytes]:
        while len(pending := self._pending[from_client]) >= _HEADER.size:
            length = _HEADER.unpack_from(pending)[2]
            if len(pending) < length:
                return
            self._pending[from_client] = pending[length:]
            yield pending[:length]

    def _pass(self, message: bytes) -> None:
        if _bundle(message) == _BUNDLE_ADD:
            trouble = self._hitches.due(reading=False)
            xid = _HEADER.unpack_from(message)[3]
            refusal = _HEADER.pack(4, _ERROR, 12 + 64, xid) + struct.pack("!HH", 5, 0) + message[:64]
            garbage = _HEADER.pack(4, _PORT_STATUS, _HEADER.size + 72, 0) + bytes(72)
            if not self._befall(trouble, message, refusal=refusal.ljust(76, b"\0"), garbage=garbage):
                return
        self._server.sendall(message)

    def _answer(self, message: bytes) -> None:
        if _bundle(message) == _BUNDLE_CONTROL and struct.unpack_from("!H", message, 20)[0] == _COMMIT_REPLY:
            self._hitches.happened()
        self._client.sendall(message)


class DatabaseTalk(Talk):
    """JSON-RPC, with each transaction that changes something for a line."""

    _changing: object = None

    def _messages(self, from_client: bool) -> Iterator[bytes]:
        while pending := self._pending[from_client].lstrip():
            try:
                _, end = json.JSONDecoder().raw_decode(pending.decode())
            except ValueError:
                return
            whole = pending.decode()
            self._pending[from_client] = whole[end:].encode()
            yield whole[:end].encode()

    def _pass(self, message: bytes) -> None:
        said = json.loads(message)
        operations = [one for one in said["params"] if isinstance(one, dict)]
        changes = any(one["op"] != "select" for one in operations)
        refusal = {
            "id": said["id"],
            "error": None,
            "result": [{"error": "refused", "details": "by the bench"}],
        }
        garbage = b'{"id": null, "method": "update", "params": [null, {}]}' if changes else b"what's that?"
        trouble = self._hitches.due(reading=not changes)
        if not self._befall(trouble, message, refusal=json.dumps(refusal).encode(), garbage=garbage):
            return
        if changes:
            self._changing = said["id"]
        self._server.sendall(message)

    def _answer(self, message: bytes) -> None:
        if self._changing is not None and json.loads(message).get("id") == self._changing:
            self._changing = None
            self._hitches.happened()
        self._client.sendall(message)


def _bundle(message: bytes) -> int | None:
    """Which message about a bundle it is."""
    if message[1] != _EXPERIMENTER or len(message) < 16:
        return None
    experimenter, kind = struct.unpack_from("!II", message, 8)
    return int(kind) if experimenter == _ONF else None
