"""`pathservice serve` with a site that has an island: the whole of it, from the port down."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from pathservice.pki.experimenters import issue_slice_credential
from pathservice.pki.files import load_certificate
from pathservice.settings import EXAMPLE_SITE
from tbam.credentials import Privilege
from tbam.credentials.issue import USER_PRIVILEGES, Signer, issue_credential
from tbam.credentials.signature import SHA1_SIGNATURE
from tests.functional.pathservice.command_line import run
from tests.functional.pathservice.conftest import Serving, made_pki, services, wait_until
from tests.functional.tbam.client import ScriptedClient
from tests.functional.tbam.conftest import geni_sfa, slice_urn
from tests.functional.tbam.rspecs import request
from tests.functional.tbam.serving import context, state_with

__all__ = ["made_pki"]
HOUR = timedelta(hours=1)
GET_VERSION = b"<methodCall><methodName>GetVersion</methodName></methodCall>"


def site_with_an_island(folder: Path) -> Path:
    """The Fermilab example, and a gateway that nobody goes to: no worker runs."""
    site: dict[str, Any] = yaml.safe_load(EXAMPLE_SITE.read_text(encoding="utf-8"))
    for device in site["devices"]:
        device["simulated"] = str(EXAMPLE_SITE.parent / device["simulated"])
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").touch(mode=0o600)
    site["devices"].append(
        {
            "name": "gateway-east",
            "platform": "ofgw_agent",
            "host": "192.0.2.1",
            "tls": {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")},
        }
    )
    site["tbam"] = {
        "authority": "fermilab.example:tbam",
        "islands": [{"name": "east", "gateway": "gateway-east"}],
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, made_pki: Path) -> Iterator[Serving]:
    """A service that was told of an authority of experimenters while it ran."""
    folder = tmp_path_factory.mktemp("serve")
    with services(folder, made_pki) as start:
        state = state_with(folder, made_pki, "accept_sha1: false")
        running = start(state, "--no-worker", "--site", str(site_with_an_island(folder)))
        with ScriptedClient(f"{running.url}/RPC2", context(running, "alice")) as client:
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda: client.post(GET_VERSION)[0] == HTTPStatus.OK, "trust in the authority")
        yield running


@pytest.fixture
def alice(service: Serving) -> Iterator[ScriptedClient]:
    with ScriptedClient(f"{service.url}/RPC2", context(service, "alice")) as client:
        yield client


def test_an_island_is_booked_beside_the_stations_tickets(
    service: Serving, alice: ScriptedClient, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    pki, path = service.state / "pki", tmp_path / "credential.xml"
    issue_slice_credential(pki, "served", "alice", path=path, now=now, expires_at=now + 240 * HOUR)
    mine, urn = geni_sfa(path.read_text()), slice_urn("served")
    assert alice.get_version().value["geni_api_versions"]["3"] == f"{service.url}/am/3"
    told = alice.allocate(urn, mine, request(now + HOUR, now + 2 * HOUR, island=None))
    assert told.states[0] == "geni_allocated"
    assert alice.provision([urn], mine).states[0] == "geni_provisioned"
    assert urn in alice.list_resources(mine).value
    assert alice.delete([urn], mine).states[0] == "geni_unallocated"
    assert service.client().getStatus()

    audit = (service.state / "audit.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in audit.splitlines()]
    calls = {line.get("operation"): line for line in lines}
    assert calls["Allocate"]["slice_urn"] == urn
    assert calls["Allocate"]["owner"] == "urn:publicid:IDN+example.net+user+alice"
    assert calls["Allocate"]["outcome"] == "ok"
    assert {"GetVersion", "Provision", "ListResources", "Delete", "getStatus"} <= set(calls)
    for secret in ("SignatureValue", "PRIVATE", "BEGIN CERTIFICATE", "signed-credential"):
        assert secret not in audit
        assert secret not in service.log.read_text(encoding="utf-8")


def test_credential_signed_with_sha1_opens_nothing_where_that_is_switched_off(
    service: Serving, alice: ScriptedClient
) -> None:
    pki, now = service.state / "pki", datetime.now(UTC).replace(microsecond=0)
    authority, owner = (load_certificate(pki / f"{name}-cert.pem") for name in ("sa", "alice"))

    def signed(*algorithm: str) -> list[dict[str, Any]]:
        signer = Signer([authority], (pki / "sa-key.pem").read_bytes(), *algorithm)
        privileges = [Privilege(name, can_delegate=False) for name in USER_PRIVILEGES]
        made = issue_credential(
            signer, owner=[owner], target=[owner], privileges=privileges, expires_at=now + HOUR
        )
        return geni_sfa(made)

    assert alice.list_resources(signed()).code == 0
    refused = alice.list_resources(signed(SHA1_SIGNATURE))
    assert (refused.code, "signed with SHA-1" in refused.output) == (20, True)


def test_experimenters_come_to_no_other_door(service: Serving) -> None:
    for path in ("/lambdastation", "/lambdastation?wsdl"):
        with ScriptedClient(f"{service.url}{path}", context(service, "alice")) as client:
            status, content = client.post(b"<a/>", method="GET" if "?" in path else "POST")
        assert (status, b"accepted at this path" in content) == (403, True)


def test_trusted_roots_that_are_no_directory_stop_the_start(tmp_path: Path, made_pki: Path) -> None:
    state = state_with(tmp_path, made_pki, f"trusted_roots: {tmp_path / 'nowhere'}")
    done = run("serve", "--port", "0", state=state, check=False)
    assert done.returncode == 1
    assert f"trusted_roots: {tmp_path / 'nowhere'} is not a directory" in done.stderr.replace("\n", " ")
