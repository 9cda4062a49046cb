# expect: truncated — half of the flood goes to each stream, in pieces of one line
import os

line = b"y" * 127 + b"\n"
block = line * 512
while True:
    os.write(1, block)
    os.write(2, block)
