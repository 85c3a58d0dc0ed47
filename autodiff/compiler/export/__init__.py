"""Programs written out for other languages, from the plain loops and from the array program."""
