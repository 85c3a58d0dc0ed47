"""From numbered scalars to array operations."""
