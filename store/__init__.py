"""The door to the database: the engine, short transactions with their retry, and types alike everywhere.

Nothing here knows what is stored; tables live with the packages that own them and share `store.base.Base`.
"""

from store.base import Base, LongText, Name, UtcDateTime
from store.errors import StoreUnavailable
from store.session import ASKED_AT_ONCE, Store, database_clock, open_store

__all__ = [
    "ASKED_AT_ONCE",
    "Base",
    "LongText",
    "Name",
    "Store",
    "StoreUnavailable",
    "UtcDateTime",
    "database_clock",
    "open_store",
]
