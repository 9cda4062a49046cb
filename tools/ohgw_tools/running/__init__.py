"""From programs in a sandbox to findings: stages, outcomes, artifacts, observation."""
