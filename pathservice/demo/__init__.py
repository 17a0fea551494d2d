"""The main job, shown from end to end on embedded defaults: SQLite and a simulated router.

`soap` speaks to the service as any client would, over mutual TLS; `story` tells what happens and checks
it; `screen` draws it.
"""
