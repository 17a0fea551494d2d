"""One file a platform, named `vendor_os`. A driver knows its device's language and no other driver.

A new one is this file, one line under `netconfig.drivers` in the entry points, and recorded sessions
under `tests/fixtures`; the contract suite finds it by itself.
"""
