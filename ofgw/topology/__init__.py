"""The island's switches and links, as getSws and getLinks tell them.

`model` has the values and their spelling on the wire, `links` remembers which links were seen and when
(pure), `lldp` writes and reads the frames that find them (pure), `discovery` is a controller by os-ken that
sends those frames, a process of its own, `store` the file that it writes, `watch` keeps the process running,
`view` puts switches and links together, or has both from a file.

While a slot runs the switches talk to the experimenter's controller, and nothing else may speak in between.
So links are discovered outside the slots, by the gateway's own default controller, and remembered with the
time they were last seen.
"""
