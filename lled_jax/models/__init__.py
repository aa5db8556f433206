"""Networks: the gradient-guided enhancer and the classifiers that judge it."""
