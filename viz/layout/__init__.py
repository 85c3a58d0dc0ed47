"""Where everything in a picture lies, in points, before it is drawn by anybody."""
