"""What a run leaves, in the forms that other programs read.

One file per form; each imports its own heavy package when it is used.
"""
