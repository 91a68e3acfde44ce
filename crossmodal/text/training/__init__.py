"""Training of the language model that codes texts."""
