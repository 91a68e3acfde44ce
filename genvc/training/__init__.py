"""What the training loops of all codecs share."""
