"""The array program as text: NumPy, and loops for native code."""
