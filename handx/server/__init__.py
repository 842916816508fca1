"""`handx serve`: the engine in its own process, spoken to over the loopback.

    HTTP (this package's `http`) ── jobs ── engine ── a worker process with the weights

The process that answers HTTP imports nothing heavy; the one that computes may die
without taking it along.
"""
