"""Benchmarks: `make bench`. Each compares two things in one run and prints their ratio.

Absolute figures of a shared machine say little, so none is asserted anywhere.
"""
