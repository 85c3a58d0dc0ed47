"""Expressions that a user types."""
