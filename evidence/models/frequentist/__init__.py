"""Frequentist models: pooling, prediction, leave-one-out, and the kernels beneath them."""
