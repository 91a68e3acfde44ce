"""The perceptual benchmark: metrics, classical anchors, BD-rate, runs and reports.

It sits on top of the core and asks the registry for codecs by name; it knows no family.
"""
