"""The device layer: what a router should carry, and how it is made to carry it.

Here live vendor-free intents (`intent`), the protocol every driver speaks (`driver`), its errors
(`errors`), the finding of drivers by platform (`registry`), the devices of a site (`inventory`), the
transports, one file a platform under `drivers`, what Cisco's platforms share (`cisco`), and routers that
behave under `simulator`.

Nothing here imports another package of the house: a driver can be used from a notebook.
"""
