"""The hands: what the database says a device should carry is made true on the device.

`tick` moves reservations that are due, `reconcile` makes one device equal to its parts, `settle` moves a
reservation on once its parts are in sync. Each can be cut short at any instruction and is repaired by its
next pass; nothing is kept in memory that the database does not have. `worker` runs them by the clock.
"""
