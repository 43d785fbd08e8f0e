"""The command line's way to a register over HTTP: files are sent to it and fetched from it."""
