"""Ways to a device: one module a protocol. A library's exception ends here, as one of `netconfig.errors`."""
