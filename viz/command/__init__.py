"""The command `autodiff` and the demo."""
