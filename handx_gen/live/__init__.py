"""Motion without end: frames one by one, while what is asked may change."""

from handx_gen.live.stream import Frame, MotionStream

__all__ = ["Frame", "MotionStream"]
