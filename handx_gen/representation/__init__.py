"""The flat tensors that networks read and write, and the way back to joints."""

from handx_gen.representation.wrist_relative import (
    FEATURES,
    WristRelative,
    from_features,
    to_features,
)

__all__ = ["FEATURES", "WristRelative", "from_features", "to_features"]
