"""One module or package a platform, named `vendor_os`; it knows its device's language and no other driver.

A new one is that module, one line under `netconfig.drivers` in the entry points, and recorded sessions
under `tests/fixtures`; the contract suite finds it by itself.
"""
