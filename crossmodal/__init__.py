"""Pictures as some hundred bytes of text, and back."""
