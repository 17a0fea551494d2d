"""One module or package a platform, named `vendor_os`; it knows its device's language and no other driver.

What drivers of one family share is a package beside this one: `netconfig.cisco`, `netconfig.cli`.

A new one is that module, one line under `netconfig.drivers` in the entry points, and recorded sessions
under `tests/fixtures`; the contract suite finds it by itself.
"""
