# expect: safe-collect — a thousand names for one file of 4 MiB must not come back as 4 GiB
import os

with open("one", "wb") as file:
    file.write(os.urandom(4 << 20))
for number in range(1000):
    os.link("one", f"name{number}.bin")
