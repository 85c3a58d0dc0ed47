"""Networks in files, and handed over to PyTorch and back."""
