"""The core: what is reserved, by whom, from when to when. It knows no door and no device.

`model` holds the values that pass its border, `lifecycle` the states and their moves, `calendar` decides
whether something fits, `parts` keeps what devices must carry, `service` has the verbs every door speaks
(`sharing` those for several who want the same, `window` the one that asks when something would fit).
No row of `tables` leaves this package but to `activation`; time is always an argument.
"""
