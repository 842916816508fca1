"""What hands do: signals, contacts, events, and whether a request was met."""
