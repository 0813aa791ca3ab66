"""Compares what the virtual machine said before the cuts with what is there after the last: judge.py COUNT LOAD..."""

import collections
import re
import sys


def lines(path):
    for line in open(path, errors="replace"):
        # What the power took the end of was said to nobody.
        if not line.endswith("\n"):
            continue
        found = re.match(r"(ACK|TRY|DEL|HAVE|AUDIT|TROUBLE|DONE)\b ?(.*?)\r?$", line)
        if found:
            yield found.groups()


said = collections.defaultdict(list)
troubles = []
for path in sys.argv[2:]:
    for word, rest in lines(path):
        said[word].append(rest)
after = collections.defaultdict(list)
for word, rest in lines(sys.argv[1]):
    after[word].append(rest)

troubles += said["TROUBLE"] + after["TROUBLE"]
there = collections.Counter(after["HAVE"])
removed, tried = set(said["DEL"]), set(said["TRY"])
acknowledged = set(said["ACK"])
lost = [name for name in acknowledged - tried if there[name] == 0]
twice = [name for name, number in there.items() if number > 1]
back = [name for name in removed if there[name] > 0]
if "DONE" not in after:
    troubles.append("the count did not come to its end")
if after["AUDIT"] != ["0"]:
    troubles.append(f"unaccounted: {after['AUDIT']}")
if lost:
    troubles.append(f"{len(lost)} acknowledged messages are lost: {sorted(lost)[:5]}")
if twice:
    troubles.append(f"{len(twice)} messages are there twice: {sorted(twice)[:5]}")
if back:
    troubles.append(f"{len(back)} removed messages are back: {sorted(back)[:5]}")
print(f"{len(acknowledged)} acknowledged, {len(removed)} removed, {len(there)} there, {len(troubles)} troubles")
for trouble in troubles:
    print("  " + trouble)
sys.exit(1 if troubles or not acknowledged else 0)
