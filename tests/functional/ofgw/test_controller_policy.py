"""A slice's controller that is where none may be: refused in words, and never connected to."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netconfig.controllers import ControllerPolicy
from netconfig.gateway import ControllerProxy as Controller
from netconfig.slicestate import Item
from netconfig.slicewire import dump_report, load_order, load_report
from ofgw.agent import Agent
from ofgw.backend import Memory
from ofgw.errors import Refused
from ofgw.keeper import Keeper
from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.server import ControllerProxy
from ofgw.proxy.thread import ProxyThread
from ofgw.relay import Relay
from ofgw.settings import Settings
from ofgw.statefile import StateFile
from tests.functional.ofgw.agents import Certificates, a_slice
from tests.functional.ofgw.conftest import ANY, LONG, entrance
from tests.functional.ofgw.controllers import wait_for
from tests.functional.ofgw.peers import FakeController, FakeSwitch, meet

HERE_IN_ALL_WRITINGS = ("127.0.0.1", "localhost", "0x7f000001", "::ffff:127.0.0.1", "::1", "::")


@pytest.fixture
def controller() -> Iterator[FakeController]:
    with FakeController() as made:
        yield made


def barring_proxy(default: Endpoint | None) -> ProxyThread:
    return ProxyThread(
        ControllerProxy(
            (ANY,),
            default,
            clock=lambda: datetime.now(UTC),
            objection=ControllerPolicy().objection,
            patience=LONG,
        )
    )


@pytest.mark.parametrize("host", HERE_IN_ALL_WRITINGS)
def test_slices_controller_on_the_gateway_is_refused_in_words(host: str) -> None:
    with Relay([ANY], None, clock=lambda: datetime.now(UTC)) as relay:
        with pytest.raises(ValueError, match=r"lets no controller be"):
            relay.check(Controller(host, 6653))
        # What has no address now may have one when the slot begins.
        relay.check(Controller("ctrl.invalid", 6653))


def test_agent_refuses_it_by_its_name_and_changes_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    certificates = Certificates.make(tmp_path_factory.mktemp("pki"))
    settings = Settings.model_validate(
        certificates.settings(tmp_path, controllers={"deny": ["203.0.113.0/24"]})
    )
    with Agent(settings, clock=lambda: datetime.now(UTC)) as agent:
        for controller in ("127.0.0.1:8234", "localhost:22", "203.0.113.7:6633"):
            with pytest.raises(Refused, match=r"^bad-value controller: .* lets no controller be$"):
                agent.server.call("setState", (a_slice(controller=controller),))
        assert agent.keeper.report().held == ()


def test_name_that_leads_to_the_gateway_by_the_time_it_is_connected_to_is_not(
    controller: FakeController,
) -> None:
    with barring_proxy(None) as proxy:
        proxy.set_controller(Endpoint("localhost", controller.endpoint.port))
        with FakeSwitch(entrance(proxy)) as switch:
            assert switch.ends()
        wait_for(lambda: proxy.snapshot().tally.away == 1)
        trouble = proxy.snapshot().trouble
        assert trouble
        assert "loopback" in trouble.words
        assert not controller.has_visitors()


def test_agent_tells_that_a_name_has_come_to_lead_where_no_controller_may_be(
    controller: FakeController, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    leads_to: list[str] = []

    def moving(host: str, *arguments: object, **words: object) -> object:
        if host != "moving.example":
            return real(host, *arguments, **words)  # type: ignore[arg-type]
        if not leads_to:
            raise socket.gaierror("the name has no address")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads_to[0], controller.endpoint.port))]

    monkeypatch.setattr(socket, "getaddrinfo", moving)
    with Relay([ANY], None, clock=lambda: datetime.now(UTC)) as relay:
        others = [Memory(item) for item in Item if item is not relay.item]
        file = StateFile(tmp_path / "state.json")
        keeper = Keeper([relay, *others], file, clock=lambda: datetime.now(UTC))
        wanted = load_order(a_slice(controller=f"moving.example:{controller.endpoint.port}"))
        assert keeper.follow(wanted).hindered == {}
        leads_to.append("127.0.0.1")
        with FakeSwitch(relay.view().listening[0]) as switch:
            assert switch.ends()
        wait_for(lambda: bool(keeper.report().hindered))
        report = keeper.report()
        assert "a loopback address" in report.hindered["controller"]
        assert report.troubles == {}
        assert report.held[0].state.carried.controller == wanted.wanted.carried.controller  # type: ignore[union-attr]
        assert load_report(dump_report(report)).hindered == report.hindered


def test_default_controller_is_the_operators_own_choice(controller: FakeController) -> None:
    with barring_proxy(controller.endpoint) as proxy, FakeSwitch(entrance(proxy)) as switch:
        meet(switch, controller.accept())


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(
    controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently each time it is asked, as one that is to get past a judge does."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, *arguments: object, **words: object) -> object:
        if host != "rebind.example":
            return real(host, *arguments, **words)  # type: ignore[arg-type]
        asked.append(host)
        at = "198.51.100.9" if len(asked) == 1 else controller.endpoint.host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, controller.endpoint.port))]

    judged: list[str] = []

    def objection(address: str) -> str:
        judged.append(address)
        return "" if address == "198.51.100.9" else f"{address} is elsewhere"

    connected: list[object] = []

    async def sock_connect(_: object, sock: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", sock_connect)
    made = ControllerProxy((ANY,), None, clock=lambda: datetime.now(UTC), objection=objection, patience=LONG)
    with ProxyThread(made) as proxy:
        proxy.set_controller(Endpoint("rebind.example", controller.endpoint.port))
        for ends in (1, 2):
            with FakeSwitch(entrance(proxy)) as switch:
                assert switch.ends()
            wait_for(lambda ends=ends: proxy.snapshot().tally.away == ends)  # type: ignore[misc]
    assert judged == ["198.51.100.9", controller.endpoint.host]
    assert connected == [("198.51.100.9", controller.endpoint.port)]
