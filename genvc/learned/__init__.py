"""What learned codecs share: exact networks, probabilities and coding of latents, bands of large pictures."""
