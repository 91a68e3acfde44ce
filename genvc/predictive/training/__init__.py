"""Training of the predictive codec: data, stages, the loop and its command."""
