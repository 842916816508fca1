"""Control: values and relations that a drawn motion must hold, and editing of motions."""

from handx_gen.control.constraints import (
    Apart,
    Constraints,
    Relation,
    Touch,
    Turned,
    Values,
)
from handx_gen.control.edit import editing

__all__ = ["Apart", "Constraints", "Relation", "Touch", "Turned", "Values", "editing"]
