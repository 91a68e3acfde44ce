"""Training of the generator: what a reference and its motion cannot show, learnt from coded clips."""
