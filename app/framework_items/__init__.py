"""What is done elsewhere: items of other frameworks, kept lightly, so that the plan's work does not repeat them."""
