"""What can go wrong in the agent.

AgentError
├── BadSettings           the settings make no sense: mend them, the agent does not start
├── StateUnwritable       what is wanted cannot be kept on disk: nothing was changed
├── BackEndFailed         the proxy, the switch or the file did not do it: it is tried again
└── Refused               a call is not done, with the code that its caller gets
"""

from enum import IntEnum


class AgentError(Exception):
    """Root of the tree."""


class BadSettings(AgentError):
    """A setting is unknown, missing or makes no sense."""


class StateUnwritable(AgentError):
    """The file of what is wanted cannot be written."""


class BackEndFailed(AgentError):
    """One of the things a slice has could not be read, brought or taken away."""


class FaultCode(IntEnum):
    """Codes of XML-RPC faults; their names, in small letters, begin the words of each fault."""

    BAD_CALL = 1
    BAD_VALUE = 2
    NOT_YOURS = 3
    SLOT_OVER = 4
    NOT_DONE = 5
    BUSY = 6
    DENIED = 7
    INTERNAL = 9


class Refused(AgentError):
    """A call is not done.

    Attributes:
        item: the thing on the wire that is at fault, where one is.
    """

    def __init__(self, code: FaultCode, words: str, *, item: str = "") -> None:
        super().__init__(words)
        self.fault = code
        self.item = item

    def __str__(self) -> str:
        name = self.fault.name.lower().replace("_", "-")
        return f"{name}{f' {self.item}' if self.item else ''}: {self.args[0]}"
