"""openSvcTicket over mutual TLS, kept alive, by one client and by eight, against the bare call."""

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figure import Figure, Options, quantile
from bench.site import example_service
from lambdastation.caller import Caller
from lambdastation.ticket import TicketRequest
from lambdastation.wire_types import NAMESPACE
from pathservice.demo.soap import SoapClient
from pathservice.serving import Serving

CALLS = 160
START = datetime.now(UTC) + timedelta(days=1)


def measure(_options: Options) -> Iterator[Figure]:
    """Tickets a second, and how long the slow ones take."""
    with example_service(worker=False) as assembly:
        port = assembly.start_listener().port
        bare = _many(lambda: _in_process(assembly), clients=1)
        for clients in (1, 8):
            samples = _many(lambda: _over_tls(port, assembly.settings.pki), clients=clients)
            yield Figure(
                f"openSvcTicket over TLS, {clients} clients",
                f"{samples.rate:.0f}/s, p50 {samples.at(0.5):.1f} ms, p99 {samples.at(0.99):.1f} ms",
                f"{bare.rate:.0f}/s in the process",
                samples.rate / bare.rate,
            )


class _Samples:
    def __init__(self, seconds: list[float], whole: float) -> None:
        self._seconds = seconds
        self.rate = len(seconds) / whole

    def at(self, share: float) -> float:
        return quantile(self._seconds, share) * 1e3


def _many(make_call: Callable[[], Callable[[], None]], *, clients: int) -> _Samples:
    seconds: list[float] = []

    def work() -> None:
        call = make_call()
        for _ in range(CALLS // clients):
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _Samples(seconds, time.perf_counter() - began)


_FIELDS = {
    "srcClient": "CMS-SRM",
    "dstSite": "Caltech",
    "dstPort": "tcp eq 5000",
    "outBW": "1M",
    "inBW": "1M",
}


def _in_process(assembly: Serving) -> Callable[[], None]:
    request = TicketRequest(
        src_client="CMS-SRM",
        dst_site="Caltech",
        dst_port="tcp eq 5000",
        out_bandwidth="1M",
        in_bandwidth="1M",
        board_at=START,
        travel_seconds=3600,
    )
    caller = Caller(subject="bench", issuer="bench", local=True)

    def call() -> None:
        assembly.tickets.open_ticket(request, caller=caller)

    return call


def _over_tls(port: int, pki: Path) -> Callable[[], None]:
    client = SoapClient("localhost", port, "/lambdastation", namespace=NAMESPACE, pki=pki)
    ticket = {**_FIELDS, "boardTime": START.isoformat(), "travelTime": "3600"}
    body = client.envelope("openSvcTicket", {"svcTicket": ticket, "mode": "new"})
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "user-cert.pem", pki / "user-key.pem")
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)

    def call() -> None:
        connection.request("POST", "/lambdastation", body, {"Content-Type": "text/xml; charset=utf-8"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status}: {text[:200]!r}")

    return call
