"""The States of the plan: the ASEAN Member States, each from its day of accession, and Japan."""
