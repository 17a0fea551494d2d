"""The SOAP service: its requests, each a line between the wire and the station's verb.

The classes here are the one source of the WSDL and the XSD; `export` draws both from them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lambdastation import wire, wire_answers, wire_types
from lambdastation.caller import Caller, Operation
from lambdastation.envelope import parse_time
from lambdastation.spyne_compat import Application, Boolean, DateTime, Integer32, ServiceBase, Soap11, rpc
from lambdastation.ticket import USUAL_LIMIT, Mode, TicketQuery
from lambdastation.tickets import TicketService
from reservation.lifecycle import State


@dataclass(frozen=True, slots=True)
class Call:
    """What a request's function finds in its context (`ctx.udc`)."""

    service: TicketService
    caller: Caller


_NAMES = {
    "svc_ticket": "svcTicket",
    "ticket_id": "ticketId",
    "path": "localPath",
    "owner": "credentialSubject",
    "before": "beforeTicketId",
    "with_outcome": "withOutcome",
    "with_traffic": "withTraffic",
}
"""Arguments that are called otherwise on the wire."""


def _operation(
    operation: Operation, *arguments: Any, returns: Any, result: str
) -> Callable[[Callable[..., Any]], Any]:
    decorator: Callable[[Callable[..., Any]], Any] = rpc(
        *arguments,
        _returns=returns,
        _operation_name=operation.value,
        _out_message_name=f"{operation.value}Response",
        _out_variable_name=result,
        _in_variable_names=_NAMES,
        _throws=[wire.StationFault],
    )
    return decorator


class Requests(ServiceBase):  # type: ignore[misc]
    """After "Basic λS requests" of the slides; document/literal wrapped."""

    @_operation(
        Operation.OPEN_TICKET,
        wire_types.required(wire.SVC_TICKET),
        wire_types.optional(wire_types.MODE),
        returns=wire_types.required(wire.SVC_TICKET),
        result="svcTicket",
    )
    def open_ticket(ctx: Any, svc_ticket: Any, mode: str | None) -> Any:  # noqa: N805 - spyne's way
        """Reserve an alternate path, or join or extend a ticket; the completed ticket comes back."""
        call: Call = ctx.udc
        request = wire.request_from_wire(svc_ticket)
        ticket = call.service.open_ticket(request, caller=call.caller, mode=Mode(mode or Mode.NEW))
        return wire.ticket_to_wire(ticket)

    @_operation(
        Operation.UPDATE_FLOWS,
        wire_types.required(wire.SVC_TICKET),
        returns=wire_types.required(Boolean),
        result="updated",
    )
    def update_flow_specs(ctx: Any, svc_ticket: Any) -> bool:  # noqa: N805
        """Let a ticket be for other addresses, ports or bandwidth; what is left out stays."""
        call: Call = ctx.udc
        request = wire.request_from_wire(svc_ticket)
        return call.service.update_flows(svc_ticket.localTicketId, request, caller=call.caller)

    @_operation(
        Operation.GET_TICKET,
        wire_types.required(Integer32),
        wire_types.optional(Boolean),
        wire_types.optional(Boolean),
        returns=wire_types.required(wire.SVC_TICKET),
        result="svcTicket",
    )
    def get_ticket(
        ctx: Any,  # noqa: N805
        ticket_id: int,
        with_outcome: bool | None,
        with_traffic: bool | None,
    ) -> Any:
        """A ticket as it stands."""
        call: Call = ctx.udc
        ticket = call.service.get_ticket(ticket_id, caller=call.caller)
        return wire.ticket_to_wire(ticket, with_outcome=bool(with_outcome), with_traffic=bool(with_traffic))

    @_operation(
        Operation.CANCEL_TICKET,
        wire_types.required(Integer32),
        returns=wire_types.required(Boolean),
        result="cancelled",
    )
    def cancel_ticket(ctx: Any, ticket_id: int) -> bool:  # noqa: N805
        """End one's part in a ticket; with the last, the traffic goes back to the production path."""
        call: Call = ctx.udc
        return call.service.cancel_ticket(ticket_id, caller=call.caller)

    @_operation(
        Operation.LIST_TICKETS,
        wire_types.any_number_of(wire_types.STATE),
        wire_types.optional(wire_types.NAME),
        wire_types.optional(wire_types.NAME),
        wire_types.optional(wire_types.SUBJECT),
        wire_types.optional(Integer32),
        wire_types.optional(wire_answers.LIMIT),
        returns=wire_types.required(wire_answers.TICKET_LIST),
        result="ticketList",
    )
    def list_tickets(
        ctx: Any,  # noqa: N805
        state: list[str] | None,
        site: str | None,
        path: str | None,
        owner: str | None,
        before: int | None,
        limit: int | None,
    ) -> Any:
        """Tickets, newest first."""
        call: Call = ctx.udc
        query = TicketQuery(
            states=tuple(State(word) for word in state or ()),
            site=site or None,
            path=path or None,
            owner=owner or None,
            before=before,
            limit=limit or USUAL_LIMIT,
        )
        return wire_answers.page_to_wire(call.service.list_tickets(query, caller=call.caller))

    @_operation(
        Operation.FIND_WINDOW,
        wire_types.required(wire.SVC_TICKET),
        wire_types.optional(wire_answers.VOLUME),
        returns=wire_types.required(wire_answers.WINDOW),
        result="window",
    )
    def find_window(ctx: Any, svc_ticket: Any, volume: str | None) -> Any:  # noqa: N805
        """The earliest slot that such a ticket would fit into, or what would fit."""
        call: Call = ctx.udc
        request = wire.request_from_wire(svc_ticket)
        found = call.service.find_window(request, volume=(volume or "").strip() or None, caller=call.caller)
        return wire_answers.window_to_wire(found)

    @_operation(Operation.GET_PATHS, returns=wire_types.any_number_of(wire.PATH), result="path")
    def get_paths(ctx: Any) -> list[Any]:  # noqa: N805
        """The site's parallel networks."""
        call: Call = ctx.udc
        return [wire.path_to_wire(path) for path in call.service.paths(caller=call.caller)]

    @_operation(Operation.GET_CLIENTS, returns=wire_types.any_number_of(wire.CLIENT), result="client")
    def get_clients(ctx: Any) -> list[Any]:  # noqa: N805
        """The PBR clients that are known here, this site's and its peers'."""
        call: Call = ctx.udc
        return [wire.client_to_wire(client) for client in call.service.clients(caller=call.caller)]

    @_operation(
        Operation.GET_STATIONS, returns=wire_types.any_number_of(wire_answers.STATION), result="station"
    )
    def get_stations(ctx: Any) -> list[Any]:  # noqa: N805
        """The LambdaStations that are known here, this site's and its peers'."""
        call: Call = ctx.udc
        return [
            wire_answers.station_to_wire(station) for station in call.service.stations(caller=call.caller)
        ]

    @_operation(
        Operation.GET_STATUS,
        wire_types.optional(Boolean),
        returns=wire_types.required(wire.STATUS),
        result="status",
    )
    def get_status(ctx: Any, with_traffic: bool | None) -> Any:  # noqa: N805
        """How the station is doing."""
        call: Call = ctx.udc
        status = call.service.status(caller=call.caller, with_traffic=bool(with_traffic))
        return wire.status_to_wire(status)


class _Protocol(Soap11):  # type: ignore[misc]
    """Spyne's reading and writing of values; envelopes and validation are ours (`envelope`)."""

    def __init__(self) -> None:
        # An element is of the type the schema gives it, never of one the message names.
        super().__init__(parse_xsi_type=False)
        self._from_unicode_handlers[DateTime] = lambda _, text: parse_time(text)


def make_application() -> Application:
    """The service's description and its protocol, for reading and writing its messages."""
    application = Application(
        [Requests],
        wire_types.NAMESPACE,
        name=wire_types.SERVICE_NAME,
        in_protocol=_Protocol(),
        out_protocol=_Protocol(),
    )
    application.transport = "http://schemas.xmlsoap.org/soap/http"
    return application
