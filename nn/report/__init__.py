"""What a network is, and what goes wrong in it, as text."""
