"""How any list is asked for, planned and run, and how any record is written."""
