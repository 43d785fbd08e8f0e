"""The ministries, ASEAN and UN bodies, courts and partners that lead, host, fund and take part."""
