"""The demo: a video call at a few kbit/s in the browser, and `genvc call` between two machines.

It sits on top of the core and asks the registry for codecs by name; it knows no family.
"""
