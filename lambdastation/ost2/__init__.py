"""The command `ost2`: how dCache's SRM asks its station for a path (`org.dcache.srm.qos.lambdastation`).

It is started for every file of a copy and dCache waits for it, so it imports Python's own library alone:
`arguments` reads what it was called with, `settings` where the station is, `messages` writes and reads SOAP,
`station` speaks to it, `command` does it all and says one line. Nothing else of `lambdastation` may be
imported here, nor anything that is not of the standard library.
"""
