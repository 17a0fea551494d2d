"""Example sites after the CHEP 2007 slides, with simulated border routers. Data only; nothing is imported."""
