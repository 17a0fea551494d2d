"""A simulated gateway: the real agent, with certificates of its own, that changes nothing in the world.

Its switches and links are those of the file it is started from, JSON as `tbam-agent` reads it.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from netconfig.errors import BadCredential
from netconfig.inventory import Device, TlsFiles
from ofgw.agent import Agent
from ofgw.errors import AgentError
from ofgw.settings import Settings
from pathservice.pki import DEMO_USER_SUBJECT, init_pki

GATEWAY = "ofgw_agent"
LOOPBACK = "127.0.0.1"


def start_gateway(
    device: Device, home: Path, running: ExitStack, *, now: Callable[[], datetime]
) -> Mapping[str, object]:
    """Run it until `running` is closed; tells where it listens. What it is told is kept in `home`.

    Raises:
        BadCredential: the file it is started from makes no sense.
    """
    pki = init_pki(home / "pki", host_names=(), now=now())
    settings = Settings(
        state=home,
        address=LOOPBACK,
        port=0,
        ca=pki.ca,
        cert=pki.server_cert,
        key=pki.server_key,
        managers=(DEMO_USER_SUBJECT,),
        topology=device.simulated,
        with_devices=False,
    )
    try:
        agent = running.enter_context(Agent(settings, clock=now))
    except AgentError as error:
        raise BadCredential(f"device {device.name}: simulated: {error}") from error
    return {"host": LOOPBACK, "port": agent.server.port}


def locate_gateway(device: Device, home: Path, where: Mapping[str, object]) -> Device:
    """The device as it is to be reached there."""
    pki = home / "pki"
    return Device.model_validate(
        {
            "name": device.name,
            "platform": device.platform,
            **where,
            "tls": TlsFiles(ca=pki / "ca.pem", cert=pki / "user-cert.pem", key=pki / "user-key.pem"),
            "save": device.save,
        }
    )
