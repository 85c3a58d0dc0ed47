"""Array operations in the form in which one would write them."""
