"""How a Value shows itself in a notebook."""

from __future__ import annotations

from autodiff import Value, topological_order

from .dot.diagram import draw

__all__ = ["mimebundle"]

SMALL = 40  # nodes up to which a Value shows its diagram


def mimebundle(v: Value) -> dict[str, str]:
    """Text, and the diagram as SVG if the graph is small enough to be read at a glance.

    >>> x = Value(3.0, label="x")
    >>> sorted(mimebundle(x * x)), sorted(mimebundle(sum(x for _ in range(100))))
    (['image/svg+xml', 'text/plain'], ['text/plain'])
    """
    bundle = {"text/plain": repr(v)}
    if v.gate is not None and len(topological_order(v)) <= SMALL:
        bundle["image/svg+xml"] = draw(v).pipe("svg", encoding="utf-8")
    return bundle
