"""Every table of the house in one metadata, so that models and migrations can be compared."""

import lambdastation.tables
import pathservice.tables
import reservation.tables
import tbam.tables
from store import Base

metadata = Base.metadata
__all__ = ["lambdastation", "metadata", "pathservice", "reservation", "tbam"]
