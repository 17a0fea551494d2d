"""What an experimenter writes with geni-lib, a program of its own: allocate, provision, stop, delete.

Arguments: the URL of the aggregate, a directory with cert.pem, key.pem and `example-lab-NAME-scred.xml`,
NAME, start and end of the slot in seconds since 1970. Prints what the calls answered as JSON.
"""

import json
import sys
import types
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

# geni-lib asks for its own version by a module of setuptools' that newer ones do not have.
sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")
sys.modules["pkg_resources"].require = lambda name: [  # type: ignore[attr-defined]
    types.SimpleNamespace(version=version(name))
]

from geni.aggregate.apis import AllocateError, POAError  # noqa: E402
from geni.aggregate.context import Context  # noqa: E402
from geni.aggregate.core import APIRegistry  # noqa: E402
from geni.aggregate.frameworks import Framework  # noqa: E402
from geni.rspec import pg  # noqa: E402
from lxml import etree  # noqa: E402

ISLAND = "http://example.com/aggregate"


def element(tag: str, **attributes: str) -> Any:
    return etree.Element(f"{{{ISLAND}}}{tag}", attributes)


def deployed(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%d/%m/%Y %H:%M:%S")


def main(url: str, directory: str, name: str, start: str, end: str) -> None:
    framework = Framework("example")
    framework.cert, framework.key = f"{directory}/cert.pem", f"{directory}/key.pem"
    framework.project = "lab"
    context = Context()
    context.cf, context.datadir = framework, directory
    api = APIRegistry.get("amapiv3")

    request = pg.Request()
    request.addRawElement(element("island", name="east"))
    request.addRawElement(element("timeslot", start_time=deployed(start), end_time=deployed(end)))
    request.addRawElement(element("VLAN", OFELIA="10", ALIEN="0xffff"))
    request.addRawElement(element("controller", url="tcp:192.0.2.10:6633"))
    request.addRawElement(element("project", projectID="612cca94", projectName="Project_test"))
    rspec = request.toXMLString(ucode=True)
    wanted = {"geni_rspec_version": {"type": "GENI", "version": "3"}}

    told = {"allocated": api.allocate(context, url, name, rspec)}
    told["provisioned"] = api.provision(context, url, name, options=wanted)
    [sliver] = told["provisioned"]["value"]["geni_slivers"]
    try:
        api.poa(context, url, name, "geni_stop")
    except POAError as error:
        told["too early"] = str(error)
    told["deleted"] = api.delete(context, url, name, [sliver["geni_sliver_urn"]])
    try:
        api.allocate(context, url, name, rspec.replace("192.0.2.10", "; reboot"))
    except AllocateError as error:
        told["refused"] = str(error)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
