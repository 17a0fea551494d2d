"""The real service beside a lab: worker, listener with mutual TLS, a database of its own."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.lab import Lab
from lab.processes import wait_for
from lambdastation.wire_types import NAMESPACE
from pathservice.demo.soap import SoapClient
from pathservice.serving import Serving
from pathservice.settings import Settings
from reservation import service
from reservation.model import ReservationView

_PATH = "/lambdastation"


class Station:
    """A service for a lab's site file, while the `with` block lasts.

    Attributes:
        port: where it answers, on the loopback address.
    """

    port: int

    def __init__(self, lab: Lab, folder: Path, pki: Path) -> None:
        """`folder` is its own; `pki` has the certificates of both ends."""
        self._lab = lab
        self._pki = pki
        self._settings = Settings(
            state=folder,
            site=lab.site_file,
            port=0,
            ca=pki / "ca.pem",
            cert=pki / "server-cert.pem",
            key=pki / "server-key.pem",
        )
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start it, and return when it answers and has read both routers: it keeps their sessions open."""
        with ExitStack() as opening:
            self._serving = opening.enter_context(Serving(self._settings))
            self._serving.start_simulators()
            self._serving.start_worker()
            self.port = self._serving.start_listener().port
            self._client = SoapClient("localhost", self.port, _PATH, namespace=NAMESPACE, pki=self._pki)
            wait_for("the routers to be read", self._has_read)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def open_ticket(self, wanted: Mapping[str, str]) -> int:
        """Ask for a ticket over SOAP; its number.

        Raises:
            Refused: it was refused.
        """
        answer = self._client.call("openSvcTicket", {"svcTicket": dict(wanted), "mode": "new"})
        return int(answer["localTicketId"])

    def cancel(self, number: int) -> None:
        """Give a ticket up, over SOAP."""
        self._client.call("cancelTicket", {"ticketId": str(number)})

    def client_environment(self) -> dict[str, str]:
        """By which a client's programs find it, and have the user's certificate."""
        return {
            "LAMBDASTATION_URL": f"https://localhost:{self.port}{_PATH}",
            "LAMBDASTATION_CA": str(self._pki / "ca.pem"),
            "LAMBDASTATION_CERT": str(self._pki / "user-cert.pem"),
            "LAMBDASTATION_KEY": str(self._pki / "user-key.pem"),
        }

    def ticket(self, number: int) -> ReservationView:
        """It as it is now."""
        return self._serving.store.read(lambda session: service.get(session, number))

    def _has_read(self) -> bool:
        return all(view.read_at is not None for view in self._serving.device_views())
