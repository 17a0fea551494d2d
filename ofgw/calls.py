"""The calls of the agent by their names on the wire: those deployed, those documented, and ours."""

import inspect
from collections.abc import Callable, Mapping

from netconfig.slicestate import BadWord, Carried, Item
from netconfig.slicewire import dump_report, load_controller, load_group, load_order, load_vlans
from ofgw.errors import FaultCode, Refused
from ofgw.keeper import Keeper
from ofgw.topology.view import Topology

Call = Callable[..., object]


class Calls:
    """Does what was called; every word that arrives is checked before anything is done.

    `setState` takes all that is wanted at once, `getState` tells all there is; the others, one thing at a
    time, are for managers that know no better, and cannot change what came by `setState`.
    """

    def __init__(self, keeper: Keeper, topology: Topology) -> None:
        self._keeper = keeper
        self._topology = topology
        self.known: Mapping[str, Call] = {
            "getLinks": self._get_links,
            "getState": self._get_state,
            "getSws": self._get_switches,
            "remOvS": self._remove_vlans,
            "remOvs": self._remove_vlans,
            "remTCPProxy": self._remove_controller,
            "remUserAuth": self._remove_group,
            "setOvS": self._set_vlans,
            "setOvs": self._set_vlans,
            "setState": self._set_state,
            "setTCPProxy": self._set_controller,
            "setUserAuth": self._set_group,
        }

    def call(self, method: str, arguments: tuple[object, ...]) -> object:
        """The answer.

        Raises:
            Refused: there is no such call, an argument does not fit, or it cannot be done.
        """
        if (wanted := self.known.get(method)) is None:
            known = ", ".join(sorted(self.known))
            raise Refused(FaultCode.BAD_CALL, f"there is no {method[:80]!r}; there are {known}")
        try:
            inspect.signature(wanted).bind(*arguments)
        except TypeError as error:
            raise Refused(FaultCode.BAD_CALL, f"{method}: {error}") from None
        try:
            return wanted(*arguments)
        except BadWord as error:
            raise Refused(
                FaultCode.BAD_VALUE, str(error).removeprefix(f"{error.field}: "), item=error.field
            ) from None

    def _set_state(self, state: object) -> object:
        return dump_report(self._keeper.follow(load_order(state)))

    def _get_state(self) -> object:
        return dump_report(self._keeper.report())

    def _get_switches(self) -> object:
        return self._topology.wire().switches

    def _get_links(self) -> object:
        return self._topology.wire().links

    def _set_controller(self, url: object) -> object:
        self._keeper.change(Item.CONTROLLER, load_controller(url))
        return True

    def _remove_controller(self, url: object = None) -> object:
        if url is None or load_controller(url) == self._there.controller:
            self._keeper.change(Item.CONTROLLER, None)
        return True

    def _set_vlans(self, vlans: object) -> object:
        self._keeper.change(Item.VLANS, load_vlans(vlans))
        return True

    def _remove_vlans(self, vlans: object = None) -> object:
        there = self._there.vlans
        going = set(load_vlans(vlans).pairs) if vlans else set(there.pairs if there else ())
        staying = tuple(pair for pair in (there.pairs if there else ()) if pair not in going)
        self._keeper.change(Item.VLANS, type(there)(staying) if there and staying else None)
        return True

    def _set_group(self, group: object) -> object:
        self._keeper.change(Item.GROUP, load_group(group))
        return True

    def _remove_group(self, group: object = None) -> object:
        if group is None or load_group(group) == self._there.group:
            self._keeper.change(Item.GROUP, None)
        return True

    @property
    def _there(self) -> Carried:
        return self._keeper.one_by_one()
