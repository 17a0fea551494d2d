"""Asks a device for what it has."""

from netconfig.cli.words import Words, refusal, without_log_messages
from netconfig.errors import StateUnknown
from netconfig.transport.cli import CliSession


def show(
    device: str, session: CliSession, command: str, words: Words, *, patience: float | None = None
) -> str:
    """What a command shows, without log messages; `patience` is as for `CliSession.ask`.

    Raises:
        Unreachable: no session, or it broke.
        StateUnknown: the device refused the command.
    """
    answer = without_log_messages(session.ask(command, patience=patience), words)
    # A refusal is a caret and a sentence; in a longer answer a `%` is part of somebody's banner.
    if len(answer.strip().splitlines()) <= 2 and (refused := refusal(answer, words)):
        raise StateUnknown(device, f"{command}: {session.mask(refused)}")
    return answer
