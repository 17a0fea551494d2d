"""What can go wrong in the proxy.

ProxyError
├── CannotListen          an address for the switches is taken or not ours: mend the settings
├── NotOpenFlow           a peer speaks something else: its connection is closed
├── PeerSilent            a peer did not say in time what it had to: its connection is closed
└── ControllerAway        a controller cannot be reached: the switch's connection is closed, the switch tries
    │                     again by itself
    └── ControllerBarred  none of its addresses may be connected to
"""


class ProxyError(Exception):
    """Root of the tree."""


class CannotListen(ProxyError):
    """An address cannot be listened on."""


class NotOpenFlow(ProxyError):
    """The bytes are no OpenFlow 1.0 to 1.5."""


class PeerSilent(ProxyError):
    """A peer did not say in time what it had to."""


class ControllerAway(ProxyError):
    """No connection to a controller."""


class ControllerBarred(ControllerAway):
    """A controller is where none may be."""
