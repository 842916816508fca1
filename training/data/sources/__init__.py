"""Readers of recorded hand motion: every format, one contract (`RawMotion`)."""
