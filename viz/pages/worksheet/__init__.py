"""Worksheets and the circuits they ask about."""
