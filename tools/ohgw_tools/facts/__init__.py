"""What an experiment's text states, and where it contradicts itself."""
