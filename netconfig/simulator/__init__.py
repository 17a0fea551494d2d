"""Routers that behave: stateful simulators of the equipment this service drives, behind real protocols.

They are part of the product: the demo, dry runs and tests talk to them as they would to a router. A simulator
is written from the vendor's documents, never from a driver, so that one misreading does not hide the other.

What lives here, from the inside out:

    grammar, words, packet                    command lines, the vendor's names for numbers, what a packet is
    ios_ace, ios_acl, ios_route_map,          the parts of a configuration, each a frozen value
      ios_interface, ios_stanza
    ios_config, ios_mode, ios_commands*,      the configuration, what a line does to it, reading one at boot
      ios_boot
    ios_forwarding, ios_steers                where a packet goes: policy routing, access groups
    session                                   an operator's line, and what comes of a line typed there
    ping, ping_commands                       echo requests: what is asked, and what is printed of them
    ios_show, ios_cli                         what is printed; one line typed and what comes of it
    faults, journal, nvram, cli_router        the living router: state, sessions, history, what goes wrong
    router                                    the one that runs IOS
    nxos_acl, nxos_config, nxos_commands*,    NX-OS: where it differs from IOS
      nxos_boot, nxos_show, nxos_cli,
      nxos_router
    junos_schema, junos_config,               Junos: its statements, what is done to a configuration, what a
      junos_check, junos_subtree,               commit checks, what a request asks for, where a packet goes,
      junos_forwarding, junos_steers,           what is counted
      junos_counters
    junos_database, junos_replies,            the candidate, its lock, commits on trial; how it answers; the
      junos_router, junos_ssh                   living router; NETCONF over SSH
    ftos_condition, ftos_config,              FTOS: whom an entry is for, the configuration, what a line does
      ftos_mode, ftos_commands*,                to it, where a packet goes, one line typed, the living switch
      ftos_forwarding, ftos_cli, ftos_router
    steer                                     all that a router does to packets, in nobody's dialect
    next_hops                                 which neighbours answer a router's echo requests
    vty, ssh, running, control, __main__      terminal, SSH server, a thread or a process around it

Everything up to `ios_cli` is pure: no clock, no file, no network. What may enter: another vendor's simulator,
under its own prefix. What may not: anything of a driver, and anything of ours outside this folder.
"""

from netconfig.simulator.control import SimulatorControl
from netconfig.simulator.faults import Action, Fault
from netconfig.simulator.ftos_forwarding import ftos_admitted, ftos_forwarding
from netconfig.simulator.ftos_router import FtosRouter
from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.ios_forwarding import admitted, forwarding
from netconfig.simulator.journal import JournalEntry
from netconfig.simulator.junos_forwarding import junos_forwarding
from netconfig.simulator.junos_router import JunosRouter
from netconfig.simulator.next_hops import NextHops
from netconfig.simulator.nxos_router import NxosRouter
from netconfig.simulator.packet import Packet
from netconfig.simulator.router import IosRouter
from netconfig.simulator.running import RunningSimulator, SimulatorLoop
from netconfig.simulator.steer import Steer, Steering

__all__ = [
    "Action",
    "Fault",
    "FtosRouter",
    "IosRouter",
    "JournalEntry",
    "JunosRouter",
    "NextHops",
    "NotModelled",
    "NxosRouter",
    "Packet",
    "RunningSimulator",
    "SimulatorControl",
    "SimulatorLoop",
    "Steer",
    "Steering",
    "admitted",
    "forwarding",
    "ftos_admitted",
    "ftos_forwarding",
    "junos_forwarding",
]
