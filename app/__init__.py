"""The Work Plan Register: the system of record for the ASEAN-Japan Work Plan on Law and Justice."""

__version__ = "0.1.0"

import gc

gc.set_threshold(50_000, 20, 20)
"""How many new objects the collector lets pass before it looks at them. A start makes half a million that stay, a
load a hundred thousand that live as long as its chunk: a third of a load's time was this looking.
"""
