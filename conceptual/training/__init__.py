"""Training of the conceptual codec: stages, the loop and its command, tables, export."""
