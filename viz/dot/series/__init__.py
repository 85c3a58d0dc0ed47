"""Several pictures of one graph: the passes step by step, before and after a step of training."""
