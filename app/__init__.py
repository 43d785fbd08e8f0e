"""The Work Plan Register: the system of record for the ASEAN-Japan Work Plan on Law and Justice."""

__version__ = "0.1.0"
