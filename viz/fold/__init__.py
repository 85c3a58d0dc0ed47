"""From a graph to a picture at a level of detail, before anything is placed or coloured."""
