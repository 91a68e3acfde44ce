"""genvc: generative and semantic codecs for pictures and video at ultra-low bit rates."""
