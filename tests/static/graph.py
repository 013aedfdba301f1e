#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Find circles of calls among object files.

usage: graph.py DIRECTORY [OBJECT...]

An object depends on another if it uses a symbol that the other defines (nm). Print each
circle, that is each strongly connected component of more than one object, with the symbols
used inside it, and exit with status 1. OBJECT: only these, relative to DIRECTORY; else all
*.o below it. Links of other objects, as kbuild makes them, and its *.mod.o are left out.
"""

import subprocess
import sys
from pathlib import Path


def symbols(path):
    """The symbols that an object defines, and those that it uses."""
    defined, used = set(), set()
    output = subprocess.run(["nm", "--format=posix", path], capture_output=True, text=True, check=True)
    for line in output.stdout.splitlines():
        name, kind = line.split()[:2]
        if kind in "Uvw":
            used.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, used


def dependencies(objects):
    """{object: {object that it uses: symbols}}"""
    tables = {name: symbols(path) for name, path in objects.items()}
    links = {name for name, (mine, _) in tables.items()
             if any(other and other < mine for other, _ in tables.values())}
    home = {symbol: name for name, (mine, _) in tables.items() if name not in links for symbol in mine}
    graph = {name: {} for name in tables if name not in links}
    for name in graph:
        for symbol in tables[name][1]:
            if home.get(symbol, name) != name:
                graph[name].setdefault(home[symbol], set()).add(symbol)
    return graph


def reachable(graph, start):
    found, todo = set(), [start]
    while todo:
        for name in graph[todo.pop()]:
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def circles(graph):
    reach = {name: reachable(graph, name) for name in graph}
    return {frozenset(other for other in reach[name] if name in reach[other])
            for name in graph if name in reach[name]}


def main():
    root = Path(sys.argv[1])
    paths = [root / name for name in sys.argv[2:]] or \
        [path for path in root.rglob("*.o") if not path.name.endswith(".mod.o")]
    objects = {str(path.relative_to(root))[:-2]: path for path in paths}
    if not objects:
        sys.exit(f"{root}: no objects")
    graph = dependencies(objects)
    found = sorted(map(sorted, circles(graph)))
    for circle in found:
        print("circle: " + " ".join(circle))
        for name in circle:
            for other in sorted(set(graph[name]) & set(circle)):
                print(f"  {name} -> {other}: {' '.join(sorted(graph[name][other]))}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
