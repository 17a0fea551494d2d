"""The process: settings, command line, listeners, wiring and the demo.

The only package that imports every other. What may enter: putting parts together. What may not: deciding
who gets what (`reservation`), what a device must carry (the doors) or how it gets there (`activation`).
"""
