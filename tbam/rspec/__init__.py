"""RSpecs of GENI version 3 with the island's own elements: the request is read, two others are written."""

from tbam.rspec.advertisement import write_advertisement
from tbam.rspec.manifest import write_manifest
from tbam.rspec.names import AD_SCHEMA, AGGREGATE, AGGREGATE_SCHEMA, GENI, REQUEST_SCHEMA
from tbam.rspec.request import LARGEST, read_request

__all__ = [
    "AD_SCHEMA",
    "AGGREGATE",
    "AGGREGATE_SCHEMA",
    "GENI",
    "LARGEST",
    "REQUEST_SCHEMA",
    "read_request",
    "write_advertisement",
    "write_manifest",
]
