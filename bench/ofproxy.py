"""OpenFlow through the controller proxy, which has a process of its own: how much, and how much later."""

import asyncio
import contextlib
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from bench.figure import Figure, Options, quantile
from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.server import ControllerProxy

AIM = 10_000
"""Messages a second."""
MESSAGES = 100_000
CONNECTIONS = 8
ROUNDS = 3000
LATENCY_AIM = 1e-3

HELLO = struct.pack("!BBHI", 4, 0, 8, 1)
PACKET_IN = struct.pack("!BBHI", 4, 10, 128, 2) + bytes(120)
ECHO = struct.pack("!BBHI", 4, 2, 8, 3)


def measure(_options: Options) -> Iterator[Figure]:
    """Packet-ins of several switches as fast as they go, then questions and answers one at a time."""
    yield from asyncio.run(_measure())


async def _measure() -> list[Figure]:
    async with _controller() as controller, _proxy(controller) as proxy:
        rate = await _flood(proxy)
        # In turn, so that what else the machine does hits both alike.
        ways: dict[Endpoint, list[float]] = {proxy: [], controller: []}
        for _turn in range(4):
            for way, samples in ways.items():
                samples.extend(await _ask(way, ROUNDS // 4))
    figures = [
        Figure(
            f"OpenFlow messages through the controller proxy, {CONNECTIONS} switches",
            f"{rate:.0f} messages/s",
            f"{AIM} messages/s",
            AIM / rate,
            aim=1,
        )
    ]
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        through, direct = (quantile(ways[way], share) for way in (proxy, controller))
        figures.append(
            Figure(
                f"added to a question and its answer by the proxy, {name}",
                f"{(through - direct) * 1e6:.0f} µs ({through * 1e6:.0f} µs)",
                f"{LATENCY_AIM * 1e3:.0f} ms; {direct * 1e6:.0f} µs direct",
                (through - direct) / LATENCY_AIM,
                aim=1,
            )
        )
    return figures


async def _flood(proxy: Endpoint) -> float:
    """Messages a second that have come through."""
    each = MESSAGES // CONNECTIONS

    async def switch() -> None:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        writer.write(HELLO)
        await reader.readexactly(len(HELLO))
        for _ in range(each):
            writer.write(PACKET_IN)
            await writer.drain()
        # Answered when all that was sent before it has come.
        writer.write(ECHO)
        await reader.readexactly(len(ECHO))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(switch() for _ in range(CONNECTIONS)))
    return CONNECTIONS * each / (time.perf_counter() - began)


async def _ask(where: Endpoint, rounds: int) -> list[float]:
    """Seconds from a question to its answer."""
    samples = []
    reader, writer = await asyncio.open_connection(where.host, where.port)
    writer.write(HELLO)
    await reader.readexactly(len(HELLO))
    for _ in range(rounds):
        began = time.perf_counter()
        writer.write(ECHO)
        await reader.readexactly(len(ECHO))
        samples.append(time.perf_counter() - began)
    writer.close()
    return samples


@contextlib.asynccontextmanager
async def _controller() -> AsyncIterator[Endpoint]:
    """Says hello, answers an echo, and lets everything else pass."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readexactly(len(HELLO))
            rest = b""
            while data := await reader.read(1 << 16):
                rest += data
                at = 0
                while len(rest) - at >= 8:
                    length = rest[at + 2] << 8 | rest[at + 3]
                    if length > len(rest) - at:
                        break
                    if rest[at + 1] == 2:
                        writer.write(ECHO)
                    at += length
                rest = rest[at:]
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Endpoint.of(server.sockets[0].getsockname())


@contextlib.asynccontextmanager
async def _proxy(controller: Endpoint) -> AsyncIterator[Endpoint]:
    """A proxy in another process, in front of that controller."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.ofproxy", controller.host, str(controller.port)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        told = await process.stdout.readline() if process.stdout else b""
        yield Endpoint("127.0.0.1", int(told))
    finally:
        # Its standard input ends, and it with that.
        await process.communicate(b"")


async def _serve(controller: Endpoint) -> None:
    listen = (Endpoint("127.0.0.1", 0),)
    async with ControllerProxy(listen, controller, clock=lambda: datetime.now(UTC)) as proxy:
        sys.stdout.write(f"{proxy.snapshot().listening[0].port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Endpoint(sys.argv[1], int(sys.argv[2]))))
