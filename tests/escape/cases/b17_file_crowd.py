# expect: safe-collect — more small files than a run may bring back: the limit of their number holds
import os

for number in range(1500):
    with open(f"part{number:04}.json", "w") as file:
        file.write(str(number))
