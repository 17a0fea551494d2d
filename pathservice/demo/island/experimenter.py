"""An experimenter: calls the aggregate manager over TLS as any client of GENI AM API v3 would."""

import ssl
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

_WANTED = {"geni_rspec_version": {"type": "GENI", "version": "3"}}
_PATIENCE = 30.0


class Refused(Exception):
    """The service answered with a code that is no success; the message has both."""

    code = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        vlans: of the facility, each with that of the island, `0xffff` for no tag.
        controller: ADDRESS:PORT.
        project: id and name.
    """

    start: datetime
    end: datetime
    vlans: Mapping[str, str]
    controller: str
    project: tuple[str, str] = ("612cca94", "Project_demo")

    @property
    def group(self) -> str:
        """Who may log in to the gateway."""
        return "_".join(self.project)

    def rspec(self) -> str:
        """As a request RSpec."""
        start, end = (f"{at:%d/%m/%Y %H:%M:%S}" for at in (self.start, self.end))
        vlans = "".join(
            f"\n  <a:VLAN OFELIA={quoteattr(ofelia)} ALIEN={quoteattr(alien)}/>"
            for ofelia, alien in self.vlans.items()
        )
        number, name = map(quoteattr, self.project)
        return f"""\
<rspec type="request" xmlns="http://www.geni.net/resources/rspec/3" xmlns:a="http://example.com/aggregate">
  <a:timeslot start_time="{start}" end_time="{end}"/>{vlans}
  <a:controller url={quoteattr(f"tcp:{self.controller}")}/>
  <a:project projectID={number} projectName={name}/>
</rspec>
"""


class Experimenter:
    """Has a certificate, and a credential for one slice."""

    def __init__(
        self, url: str, *, ca: Path, cert: Path, key: Path, slice_urn: str, credential: Path
    ) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(cert, key)
        self.slice_urn = slice_urn
        self._credentials = [
            {"geni_type": "geni_sfa", "geni_version": "3", "geni_value": credential.read_text("utf-8")}
        ]
        self._transport = _Transport(context=context)
        self._proxy = xmlrpc.client.ServerProxy(url, transport=self._transport)

    def close(self) -> None:
        """End the connection; the next call opens another."""
        self._transport.close()

    def get_version(self) -> Any:
        """What the aggregate manager is."""
        return self._call("GetVersion", {})

    def list_resources(self) -> str:
        """The advertisement RSpec."""
        return str(self._call("ListResources", self._credentials, _WANTED))

    def allocate(self, wish: Wish) -> Mapping[str, Any]:
        """The sliver that is ours now, for a while."""
        return self._sliver("Allocate", self.slice_urn, self._credentials, wish.rspec(), {})

    def provision(self) -> Mapping[str, Any]:
        """The sliver, to be carried out."""
        return self._sliver("Provision", [self.slice_urn], self._credentials, _WANTED)

    def status(self) -> Mapping[str, Any]:
        """The sliver as it is now."""
        return self._sliver("Status", [self.slice_urn], self._credentials, {})

    def delete(self) -> None:
        """Give it back."""
        self._call("Delete", [self.slice_urn], self._credentials, {})

    def _sliver(self, method: str, *arguments: Any) -> Mapping[str, Any]:
        [sliver] = self._call(method, *arguments)["geni_slivers"]
        return dict(sliver)

    def _call(self, method: str, *arguments: Any) -> Any:
        answer: Any = getattr(self._proxy, method)(*arguments)
        if code := answer["code"]["geni_code"]:
            raise Refused(f"{method}: {code}: {answer['output']}")
        return answer["value"]


class _Transport(xmlrpc.client.SafeTransport):
    def make_connection(self, host: Any) -> Any:
        connection = super().make_connection(host)
        connection.timeout = _PATIENCE
        return connection
