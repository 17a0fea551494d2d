"""A running transfer is moved to the big path and back, on real packets. Needs root, nftables and iperf3.

station    the real service and worker beside a lab, and the ticket asked for over SOAP
transfer   iperf3 from one host to another, and what it measured
probe      numbered packets from one host to another: lost, out of order
meter      what leaves the routers by each path, many times a second
story      what happens on one kind of router, the facts it ends on, the figures
screen     how that looks
"""
