"""Training: `fit` and what it runs on."""
