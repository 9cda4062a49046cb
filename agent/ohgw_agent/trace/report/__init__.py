"""The report of a run: one HTML file without scripts, made from the record alone."""
