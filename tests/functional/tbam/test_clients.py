"""Clients as they are: calls of omni 2.11's shape, and geni-lib itself."""

import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.functional.tbam.client import ScriptedClient
from tests.functional.tbam.conftest import Aggregate, slice_urn
from tests.functional.tbam.rspecs import request

HOUR = timedelta(hours=1)
GENI_LIB = Path(__file__).with_name("experimenter.py")
PATIENCE_SECONDS = 120
OMNI_VERSION = {"type": "geni", "version": "3"}


class TestOmni:
    """Bare URLs become /RPC2, RSpec types are written small, the slot stands among the options."""

    @pytest.fixture(
        params=[
            ("short", timedelta(hours=12), ssl.TLSVersion.TLSv1_2),
            ("long", timedelta(days=3600), ssl.TLSVersion.TLSv1_3),
        ],
        ids=["short-lived over TLS 1.2", "long-lived over TLS 1.3"],
    )
    def omni(self, aggregate: Aggregate, request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
        user, lifetime, version = request.param
        aggregate.federation.user(user, lifetime=lifetime)
        with aggregate.client(user, path="", tls=version) as client:
            yield client, user

    def test_walks_as_omni_does(self, aggregate: Aggregate, omni: tuple[ScriptedClient, str]) -> None:
        client, user = omni
        mine, urn = aggregate.credentials(f"omni-{user}", user), slice_urn(f"omni-{user}")
        start, end = (f"{aggregate.now + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 2))
        assert client.path == "/RPC2"
        assert client.call("GetVersion", {}).value["geni_api"] == 3
        listing = {"geni_rspec_version": OMNI_VERSION, "geni_available": False, "geni_compressed": True}
        packed = client.call("ListResources", mine, listing).value
        assert b"<rspec" in zlib.decompress(base64.b64decode(packed))

        when = {"geni_start_time": start, "geni_end_time": end}
        allocated = client.call("Allocate", urn, mine, request(), when)
        assert allocated.states[0] == "geni_allocated"
        assert allocated.sliver["geni_end_time"] == end
        users = [{"urn": f"urn:publicid:IDN+example.net+user+{user}", "keys": ["ssh-rsa AAAA x@y"]}]
        options = {"geni_rspec_version": OMNI_VERSION, "geni_users": users, "geni_best_effort": False}
        provisioned = client.call("Provision", [urn], mine, {**options, "geni_end_time": end})
        assert provisioned.states[0] == "geni_provisioned"
        described = client.call(
            "Describe", [urn], mine, {"geni_rspec_version": OMNI_VERSION, "geni_compressed": True}
        )
        assert b"manifest" in zlib.decompress(base64.b64decode(described.value["geni_rspec"]))
        assert client.call("Status", [urn], mine, {}).states[0] == "geni_provisioned"
        until = f"{aggregate.now + 3 * HOUR:%Y-%m-%d %H:%M:%S}+00:00"
        assert client.call("Renew", [urn], mine, until, {"geni_best_effort": False}).code == 0
        deleted = client.call("Delete", [urn], mine, {"geni_best_effort": False})
        assert deleted.states[0] == "geni_unallocated"


@pytest.mark.parametrize("path", ["/am/3", "/am/3/", "/RPC2", "/"])
def test_every_path_is_served(aggregate: Aggregate, path: str) -> None:
    with aggregate.client(path=path) as client:
        value = client.get_version().value
        assert value["geni_api_versions"]["3"] == f"{aggregate.url}/am/3"


def test_geni_lib_allocates_provisions_and_deletes(aggregate: Aggregate, tmp_path: Path) -> None:
    federation, name = aggregate.federation, "genilib"
    files = federation.user("alice")
    shutil.copy(files.cert, tmp_path / "cert.pem")
    shutil.copy(files.key, tmp_path / "key.pem")
    credential = federation.slice_credential(name, "alice")
    (tmp_path / f"example-lab-{name}-scred.xml").write_text(credential)
    slot = [str(int((aggregate.now + hours * HOUR).timestamp())) for hours in (1, 2)]
    done = subprocess.run(
        [sys.executable, str(GENI_LIB), f"{aggregate.url}/am/3", str(tmp_path), name, *slot],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    [allocated] = told["allocated"]["value"]["geni_slivers"]
    assert allocated["geni_allocation_status"] == "geni_allocated"
    [provisioned] = told["provisioned"]["value"]["geni_slivers"]
    assert provisioned["geni_allocation_status"] == "geni_provisioned"
    [deleted] = told["deleted"]["value"]
    assert deleted["geni_sliver_urn"] == allocated["geni_sliver_urn"]
    assert deleted["geni_allocation_status"] == "geni_unallocated"
    assert "controller" in told["refused"]
    assert "not running" in told["too early"]
    operations = [call.operation for call in aggregate.calls[-5:]]
    assert operations == ["Allocate", "Provision", "PerformOperationalAction", "Delete", "Allocate"]
