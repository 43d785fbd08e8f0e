"""Faults on purpose: what the register promises while processes die, networks hang and clients come in crowds.

`python -m tests.reliability` runs every experiment at full size; the suite runs the short ones. The verdict comes
only from what the clients saw and from what the database holds in the end.
"""
