"""From a bundle's requirements to an interpreter that has them, cached."""
