"""The commands that work on streams of conceptual: lines, redraw, restyle, similar."""
