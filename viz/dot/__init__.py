"""Pictures as Graphviz text, and Graphviz at work."""
