"""The wiring of what stays: simulated routers, the worker, the listener."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import structlog

from activation.clock import Clock
from activation.due import WorkerSettings
from activation.worker import Worker
from netconfig.errors import NetconfigError
from netconfig.simulator import IosRouter
from pathservice.assembly import Assembly, SetupError
from pathservice.doors import islands_mounts, station_mount
from pathservice.following import Follower
from pathservice.listener import Listener, ListenerError, TlsSettings
from pathservice.locks import only_one
from pathservice.pki import init_pki
from pathservice.pki.experimenters import ROOTS
from pathservice.settings import Settings
from pathservice.simulated import SimulatedRouters
from pathservice.site_versions import NoSuchVersion, Served, load_version, read_version
from pathservice.sitefile import SiteFileError
from reservation.identity import site_version
from store import StoreUnavailable
from tbam.expiry import Expiry

log = structlog.get_logger("pathservice")

WORKER_SILENT_AFTER = timedelta(seconds=30)
"""A worker that has not ticked for so long is reported as ill."""

PUSHES_MAY_TAKE = timedelta(seconds=2)
"""How long a push under way is waited for at the stop; with the listener's share it stays within five."""


class Serving(Assembly):
    """An assembly that can be started, part by part; what was started ends with its block.

    It follows the version of the site that is in force. One that cannot be used here is told, in the log and
    by /health, and the one before goes on; new tickets are refused meanwhile.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        super().__init__(settings, clock=clock)
        self._simulators: SimulatedRouters | None = None
        self._catching_up = threading.Lock()
        # The version in force and why it is not served here; None where it is.
        self._behind: tuple[int, str] | None = None
        self.worker: Worker | None = None
        self.listener: Listener | None = None

    def start_simulators(self) -> None:
        """Be the one that serves from this state directory, and start the site's simulated routers.

        Raises:
            StateTaken: another does; its routers are left alone.
        """
        self._open.enter_context(only_one(self.settings.state, "serve"))
        running = SimulatedRouters(self.simulated, now=self.clock.now)
        self._simulators = self._open.enter_context(running)
        running.start(self.file.devices)

    @property
    def routers(self) -> Mapping[str, IosRouter]:
        """The simulated ones that run here, by name."""
        return {} if self._simulators is None else self._simulators.routers

    def start_following(self) -> None:
        """Look at short intervals which version of the site is in force, and serve that."""
        follower = Follower(self.catch_up)
        follower.start()
        self._open.callback(follower.stop)

    def catch_up(self) -> bool:
        """Serve the version of the site that is in force; False if it cannot be used here.

        Raises:
            StoreUnavailable: the database is away.
        """
        with self._catching_up:
            in_force = self.store.read(site_version)
            if in_force == self.served.version:
                self._behind = None
                return True
            try:
                version = self.store.read(lambda session: read_version(session, in_force))
                self._take_up(Served(in_force, load_version(version)))
            except StoreUnavailable:
                raise
            except (SiteFileError, NoSuchVersion, NetconfigError) as error:
                self._fall_behind(in_force, str(error))
            except Exception as error:
                if self._fall_behind(in_force, repr(error)):
                    log.exception("a version of the site could not be used")
            else:
                self._behind = None
                log.info("site replaced", version=in_force)
            return self._behind is None

    def _take_up(self, served: Served) -> None:
        """Serve this from now on: simulators first, which may fail, and then what is told of them."""
        if self._simulators is not None:
            self._simulators.start(served.file.devices)
        self.served = served
        self.tickets.replace_site(served.file.site, version=served.version)
        self._take_up_islands()
        if self.worker is not None:
            self.worker.replace_drivers(self.makers())
        if self._simulators is not None:
            self._simulators.end_others(served.file.devices)

    def _fall_behind(self, in_force: int, why: str) -> bool:
        """Say, once, that what is served is not what is in force; whether it is news."""
        news = self._behind != (in_force, why)
        self._behind = in_force, why
        if news:
            served = self.served.version
            log.error(
                "site not replaced: it cannot be used here", served=served, in_force=in_force, error=why
            )
        return news

    def start_worker(self) -> None:
        """Start changing devices; it ends with the assembly, within a few seconds.

        Raises:
            StateTaken: another worker runs with this state directory.
        """
        owner = self._open.enter_context(only_one(self.settings.state, "worker"))
        settings = WorkerSettings(
            owner=owner,
            drift=self.settings.drift_every,
            lease=self.settings.lease_life,
            visits=self.settings.visits,
            ask_hops_every=timedelta(seconds=self.settings.ask_next_hops_every),
            count_every=timedelta(seconds=self.settings.count_every),
            keep_changes=timedelta(days=self.settings.keep_changes),
        )
        self.worker = Worker(self.store, self.makers(), settings, self.clock, chores=[Expiry()])
        self.worker.start()
        self._open.callback(self.worker.stop, patience=PUSHES_MAY_TAKE)

    def start_listener(self) -> Listener:
        """Answer clients; it stops with the assembly.

        Raises:
            SetupError: no certificates and real devices, or `trusted_roots` is no directory.
            ListenerError: the port is taken or a TLS file cannot be used.
        """
        self.listener = Listener(
            bind=(self.settings.bind, self.settings.port),
            mounts=[
                station_mount(self.tickets),
                *islands_mounts(
                    lambda: self.islands,
                    trusted_roots=self._trusted_roots,
                    clock=self.clock.now,
                    audit=self.audit,
                    accept_sha1=self.settings.accept_sha1,
                    url=self.settings.am_url,
                ),
            ],
            tls=self._tls(),
            health=self._health,
            audit=self.audit,
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
        except Exception:  # a fault of ours: what is served goes on
            log.exception("TLS files not reloaded, the old ones stay")

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
            guests=self._trusted_roots,
        )

    @property
    def _trusted_roots(self) -> Path:
        """Where the authorities of experimenters are; where nobody says, there need be none."""
        given = self.settings.trusted_roots
        if given is not None and not given.is_dir():
            raise SetupError(f"trusted_roots: {given} is not a directory")
        return given or self.settings.pki / ROOTS

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
        details["site"] = "ok" if self._behind is None else "behind"
        well = all(word == "ok" for word in details.values())
        details["site_version"] = self.served.version
        return well, details
