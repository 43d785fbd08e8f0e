"""The journal proved: its chain is walked, and the first broken link is named."""
