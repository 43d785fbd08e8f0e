"""How fast the register is, beside the limits of the same machine in the same run. `make bench`."""
