"""Many bundles on one machine: one command, one budget, one line of results for each bundle."""
