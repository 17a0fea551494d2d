"""Structured log lines of the worker; who reads them decides how they look."""

import structlog
from structlog.typing import FilteringBoundLogger


def logger(part: str) -> FilteringBoundLogger:
    """A logger that names its part of the worker. Nothing is configured here."""
    log: FilteringBoundLogger = structlog.get_logger("activation", part=part)
    return log
