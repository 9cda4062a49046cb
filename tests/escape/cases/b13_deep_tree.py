# expect: safe-collect — a tree 3000 directories deep breaks recursive walkers and removers
import os

for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
with open("bottom", "w") as file:
    file.write("x")
os.chdir("/work")
with open("results.json", "w") as file:
    file.write("{}")
