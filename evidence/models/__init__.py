"""What the trials show together: frequentist and Bayesian models, bias, sensitivity."""
