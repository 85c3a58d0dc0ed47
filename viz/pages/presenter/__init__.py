"""A circuit in front of a class: its answers come one after another."""
