"""Reading a bundle's files: Python, YAML and TOML parsed once, and what is looked up in them."""
