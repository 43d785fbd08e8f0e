"""What was accepted and is done after the answer: a file to be loaded, how far it is, and what became of it."""
