"""The wiring of what stays: simulated routers, the worker, the listener."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import structlog

from activation.clock import Clock
from activation.worker import Worker, WorkerSettings
from lambdastation.soap import soap_application
from netconfig.simulator import IosRouter
from pathservice.assembly import Assembly, SetupError
from pathservice.listener import Listener, ListenerError, Mount, TlsSettings
from pathservice.locks import only_one
from pathservice.pki import init_pki
from pathservice.settings import Settings
from pathservice.simulated import SimulatedRouters

log = structlog.get_logger("pathservice")

WORKER_SILENT_AFTER = timedelta(seconds=30)
"""A worker that has not ticked for so long is reported as ill."""

PUSHES_MAY_TAKE = timedelta(seconds=2)
"""How long a push under way is waited for at the stop; with the listener's share it stays within five."""


class Serving(Assembly):
    """An assembly that can be started, part by part; what was started ends with its block.

    Attributes:
        routers: the simulated ones that run here, by name.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        super().__init__(settings, clock=clock)
        self.routers: Mapping[str, IosRouter] = {}
        self.worker: Worker | None = None
        self.listener: Listener | None = None

    def start_simulators(self) -> None:
        """Be the one that serves from this state directory, and start the site's simulated routers.

        Raises:
            StateTaken: another does; its routers are left alone.
        """
        self._open.enter_context(only_one(self.settings.state, "serve"))
        running = SimulatedRouters(self.devices.values(), self.simulated, now=self.clock.now)
        self.routers = self._open.enter_context(running).routers

    def start_worker(self) -> None:
        """Start changing devices; it ends with the assembly, within a few seconds.

        Raises:
            StateTaken: another worker runs with this state directory.
        """
        owner = self._open.enter_context(only_one(self.settings.state, "worker"))
        drivers = {name: partial(self.driver, name) for name in self.devices}
        settings = WorkerSettings(
            owner=owner,
            drift=self.settings.drift_every,
            lease=self.settings.lease_life,
            visits=self.settings.visits,
            keep_changes=timedelta(days=self.settings.keep_changes),
        )
        self.worker = Worker(self.store, drivers, settings, self.clock)
        self.worker.start()
        self._open.callback(self.worker.stop, patience=PUSHES_MAY_TAKE)

    def start_listener(self) -> Listener:
        """Answer clients; it stops with the assembly.

        Raises:
            SetupError: there are no certificates and the devices are real.
            ListenerError: the port is taken or a TLS file cannot be used.
        """
        self.listener = Listener(
            bind=(self.settings.bind, self.settings.port),
            mounts=[Mount("/lambdastation", soap_application(self.tickets))],
            tls=self._tls(),
            health=self._health,
            audit=self._audit,
            clock=self.clock.now,
        )
        self.listener.start()
        self._open.callback(self.listener.stop)
        return self.listener

    def reload_tls(self, *, always: bool) -> None:
        """Read the TLS files again, `always` or where one has changed; the old stay if one is bad."""
        if self.listener is None:
            return
        try:
            if always:
                self.listener.reload()
            else:
                self.listener.reload_if_changed()
        except ListenerError as error:
            log.warning("TLS files not reloaded, the old ones stay", code=error.code, reason=str(error))

    def _tls(self) -> TlsSettings:
        given = self.settings
        pki = given.pki
        if given.cert is None and not (pki / "server-cert.pem").exists():
            real = sorted(name for name, device in self.devices.items() if device.simulated is None)
            if real:
                raise SetupError(
                    "there is no certificate for the service, and test ones are not made beside real devices "
                    f"({', '.join(real)}): set ca, cert and key, or run `pathservice pki init` knowingly"
                )
        if given.cert is None:
            init_pki(pki, host_names=given.host_names, now=self.clock.now())
        return TlsSettings(
            ca=given.ca or pki / "ca.pem",
            cert=given.cert or pki / "server-cert.pem",
            key=given.key or pki / "server-key.pem",
            crl=given.crl,
            legacy_proxies=given.legacy_proxies,
            short_proxy_keys=given.short_proxy_keys,
        )

    def _health(self) -> tuple[bool, dict[str, object]]:
        details: dict[str, object] = {}
        try:
            self.store.ping()
            details["database"] = "ok"
        except Exception:
            log.exception("database does not answer")
            details["database"] = "away"
        if self.worker is not None:
            struck = self.worker.struck_at
            silent = struck is None or self.clock.now() - struck > WORKER_SILENT_AFTER
            details["worker"] = "silent" if silent else "ok"
        return all(word == "ok" for word in details.values()), details
