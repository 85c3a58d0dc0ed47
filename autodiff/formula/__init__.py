"""Formulas of gates: their grammar, the functions they may call, and what is made of them."""
