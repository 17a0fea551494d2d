"""Who sits at the machine, and the audit line of what they do by hand."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from lambdastation.audit import LOCAL, AuditOutcome, new_request_id
from lambdastation.caller import Caller
from pathservice.assembly import Assembly


def operator() -> Caller:
    """The person at the keyboard; the site's rules are for the network."""
    return Caller(subject=f"operator {getpass.getuser()}", issuer="this machine", local=True)


@contextmanager
def audited(assembly: Assembly, operation: str, **details: object) -> Iterator[str]:
    """Have what is done in here leave an audit line, however it ends. Yields who it is done by."""
    who = operator()
    line: dict[str, object] = {
        "at": assembly.clock.now(),
        "request_id": new_request_id(),
        "peer": LOCAL,
        "subject": who.subject,
        "issuer": who.issuer,
        "operation": operation,
        "outcome": AuditOutcome.OK,
        **details,
    }
    try:
        yield who.subject
    except Exception as error:
        line |= {"outcome": AuditOutcome.FAILED, "code": getattr(error, "code", "internal-error")}
        raise
    finally:
        assembly.audit(line)
