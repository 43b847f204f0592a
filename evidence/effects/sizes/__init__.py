"""Effect sizes and their sampling variances, from the figures of a data frame."""
