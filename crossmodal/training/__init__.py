"""Training of what crossmodal ships."""
