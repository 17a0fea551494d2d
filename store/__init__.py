"""The door to the database: the engine, short transactions with their retry, and a time type that is UTC.

Nothing here knows what is stored; tables live with the packages that own them and share `store.base.Base`.
"""

from store.base import Base, UtcDateTime
from store.session import Store, StoreUnavailable, database_clock, open_store

__all__ = ["Base", "Store", "StoreUnavailable", "UtcDateTime", "database_clock", "open_store"]
