"""Control: values and relations that a drawn motion must hold, and editing of motions."""

from handx_gen.control.constraints import (
    Apart,
    Constraints,
    Touch,
    Turned,
    Values,
    editing,
)

__all__ = ["Apart", "Constraints", "Touch", "Turned", "Values", "editing"]
