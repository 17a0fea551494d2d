"""The database of an Open vSwitch: transactions over JSON-RPC (RFC 7047), dialled.

Four messages of the protocol are all that is needed; why no library, see docs/adr.
"""

import json
import time
from codecs import getincrementaldecoder
from collections.abc import Mapping, Sequence
from typing import Any

from netconfig.errors import StateUnknown
from netconfig.transport.dialled import Dialled

Operation = Mapping[str, object]
Row = Mapping[str, Any]

DATABASE = "Open_vSwitch"
_LONGEST = 64 * 2**20
_CHUNK = 65536
_LOOK_AGAIN = 0.005
"""Seconds between two looks whether the switch has taken over what the database says."""


class TransactionRefused(Exception):
    """The database took nothing of a transaction; its words are the message."""


class Ovsdb:
    """A session with one `ovsdb-server`."""

    def __init__(self, device: str, address: str, *, patience: float) -> None:
        """Nothing is opened yet. `patience`, in seconds, is for each answer; `open` comes before all else."""
        self._device = device
        self._patience = patience
        self._stream = Dialled(device, address, patience)
        self._pending = ""
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._number = 0

    def open(self) -> None:
        """Be connected. What is asked later, and finds the session ended, opens none.

        Raises:
            Unreachable: nobody answers.
        """
        if self._stream.connect():
            self._pending = ""
            self._decoder.reset()

    def transact(self, *operations: Operation) -> Sequence[Mapping[str, Any]]:
        """All of these or none; what the database answers to each.

        Raises:
            TransactionRefused: none.
            Unreachable: no session, or it broke; whether it was done is not known.
            StateUnknown: the answer makes no sense.
        """
        answers = self._ask("transact", [DATABASE, *operations])
        refused = [one for one in answers if isinstance(one, Mapping) and "error" in one]
        if refused:
            raise TransactionRefused(f"{refused[0]['error']}: {refused[0].get('details', '')}".rstrip(": "))
        return [one for one in answers if isinstance(one, Mapping)]

    def select(self, table: str, where: Sequence[object] = (), columns: Sequence[str] = ()) -> Sequence[Row]:
        """Rows of a table.

        Raises:
            TransactionRefused, Unreachable, StateUnknown: as `transact`.
        """
        asked = {"op": "select", "table": table, "where": list(where)}
        (answer,) = self.transact({**asked, "columns": list(columns)} if columns else asked)
        rows = answer.get("rows")
        if not isinstance(rows, list):
            raise StateUnknown(self._device, "its database answers a select without rows")
        return rows

    def configure(self, *operations: Operation) -> None:
        """As `transact`, and return when the switch itself has taken it over.

        Raises:
            TransactionRefused, Unreachable, StateUnknown: as `transact`; Unreachable, too, if the switch does
                not take it over in time.
        """
        bump = {
            "op": "mutate",
            "table": DATABASE,
            "where": [],
            "mutations": [["next_cfg", "+=", 1]],
        }
        told = {"op": "select", "table": DATABASE, "where": [], "columns": ["next_cfg"]}
        number = self.transact(*operations, bump, told)[-1]["rows"][0]["next_cfg"]
        latest = time.monotonic() + self._patience
        while self.select(DATABASE, columns=["cur_cfg"])[0]["cur_cfg"] < number:
            if time.monotonic() > latest:
                raise self._stream.broken(TimeoutError())
            time.sleep(_LOOK_AGAIN)

    def close(self) -> None:
        """End the session. Safe at any time, from any thread."""
        self._stream.close()

    def _ask(self, method: str, parameters: Sequence[object]) -> Sequence[object]:
        self._number += 1
        self._tell({"method": method, "params": parameters, "id": self._number})
        while True:
            message = self._hear()
            if message.get("method") == "echo":
                self._tell({"result": message.get("params"), "error": None, "id": message.get("id")})
            elif message.get("id") == self._number and "method" not in message:
                break
        if message.get("error") is not None:
            raise TransactionRefused(f"{message['error']}")
        result = message.get("result")
        if not isinstance(result, list):
            raise self._senseless()
        return result

    def _tell(self, message: Mapping[str, object]) -> None:
        self._stream.send(json.dumps(message).encode())

    def _hear(self) -> Mapping[str, Any]:
        """The next message: they follow each other with nothing between."""
        latest = time.monotonic() + self._patience
        while True:
            text = self._pending.lstrip()
            try:
                message, end = json.JSONDecoder().raw_decode(text)
            except ValueError as error:
                if (text and not text.startswith("{")) or len(text) > _LONGEST:
                    raise self._senseless() from error
            else:
                self._pending = text[end:]
                if isinstance(message, dict):
                    return message
                raise self._senseless()
            if time.monotonic() > latest:
                self.close()
                raise self._stream.broken(TimeoutError())
            self._pending += self._decoder.decode(self._stream.receive(_CHUNK))

    def _senseless(self) -> StateUnknown:
        self.close()
        return StateUnknown(self._device, "what its database answers is no JSON-RPC")


def map_of(value: object) -> dict[str, str]:
    """A map column as a dict."""
    pairs = value[1] if isinstance(value, list) and value[:1] == ["map"] else []
    return {str(key): str(item) for key, item in pairs}


def set_of(value: object) -> list[Any]:
    """A set column as a list; a set of one is written as the thing itself."""
    return list(value[1]) if isinstance(value, list) and value[:1] == ["set"] else [value]
