# expect: safe-collect — file names with escapes, line breaks, backslashes, bad UTF-8, leading dashes and bidi marks
import os

for name in (b"\x1b[31mred", b"line\nbreak", b"back\\slash", b"bad\xff\xfeutf", b"-rf", b"..hidden",
             "\u202egpj.exe".encode(), b"x" * 255, b" ", b"CON", b"a:b", b"tab\there"):
    with open(name, "w") as file:
        file.write("1")
