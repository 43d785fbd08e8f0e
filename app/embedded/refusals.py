"""What the embedded database refuses, in words for the person who started it."""


class EmbeddedError(Exception):
    """The embedded database cannot be used; the message says what is wrong and what to do."""


class InUseError(EmbeddedError):
    """Another live process owns the data folder."""
