"""Graphviz as a program: what ``dot -Kengine -Tformat -Gname=value`` makes of standard input, by
the wheel pygraphviz.

A program of its own, so that Graphviz's warnings stay off the screen and its faults out of the
reader's Python.
"""

from __future__ import annotations

import re
import sys

__all__ = ["main"]


def main(*flags: str) -> bytes:
    """Every graph of the input, drawn one after the other."""
    import pygraphviz

    given = {flag[:2]: flag[2:] for flag in flags}
    drawn = b""
    for text in re.split(r"^(?=digraph\b)", sys.stdin.buffer.read().decode(), flags=re.MULTILINE):
        if text.strip():
            graph = pygraphviz.AGraph(string=text)
            name, _, value = given.get("-G", "").partition("=")
            if name:
                graph.graph_attr[name] = value
            drawn += graph.draw(prog=given["-K"], format=given["-T"])
    return drawn


if __name__ == "__main__":
    sys.stdout.buffer.write(main(*sys.argv[1:]))
