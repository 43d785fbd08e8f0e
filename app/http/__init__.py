"""What HTTP asks of every resource."""
