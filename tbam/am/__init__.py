"""GENI AM API v3 over XML-RPC: what experimenters' clients (omni, geni-lib) speak.

door        a WSGI application: bytes in, bytes out, one audit line a call
wire        XML-RPC, read strictly and written
arguments   what each of the ten calls takes
options     the struct that every call has
slots       when a slice is wanted
calls       the ten calls, by way of credentials, RSpecs and the resource manager
answers     the code structure, and the structs within
audit       the lines
"""

from tbam.am.audit import CallRecord
from tbam.am.calls import TenCalls
from tbam.am.door import LARGEST_MESSAGE, PATHS, AmDoor

__all__ = ["LARGEST_MESSAGE", "PATHS", "AmDoor", "CallRecord", "TenCalls"]
