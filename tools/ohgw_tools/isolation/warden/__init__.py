"""The first process of a container: puts the files in, runs the program, and reports on it.

Never imported by the project: the text of these modules is what the container's interpreter is
started with (`ohgw_tools.isolation.warden_text`), so they use the standard library alone.

The warden is root in the container with four capabilities (to become the throw-away user, and to
kill what that user leaves), and the program is that user with none: the program can neither read
this process nor signal it, so the report cannot be forged.

Standard input: an order as length (4 bytes, big endian) and JSON, the files' bytes one after the
other, and at any later time one byte that means stop. Standard output: frames of kind (1 byte),
length (4 bytes, big endian) and payload: `o` and `e` output, `r` the report (JSON), `f` a file
(length of its path in 2 bytes, path, content), `x` a refused path (the same, with the reason), `z`
the end.
"""
