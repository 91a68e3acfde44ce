"""One clip through one codec and, at the same size, through others: figures and pictures side by side."""

from .measure import Figure, Metrics, measure
from .run import Comparison, Row, compare

__all__ = ["Comparison", "Figure", "Metrics", "Row", "compare", "measure"]
