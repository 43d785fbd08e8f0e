"""Bundles: records of several collections written together, which refer to each other by local names."""
