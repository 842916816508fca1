"""Compiled forms of the hot loops: the same formulas as the numpy code, frame by frame.

numba is optional. `enabled()` says whether the kernels are used; without numba, or with
`HANDX_NUMBA=0`, the numpy code does the same work several times slower.
`tests/retarget/test_kernels.py` holds both to 1e-9.
"""

import os
from functools import lru_cache
from importlib.util import find_spec

SWITCH = "HANDX_NUMBA"
"""Environment variable; "0" turns the kernels off."""


@lru_cache(maxsize=1)
def _installed() -> bool:
    return find_spec("numba") is not None


def enabled() -> bool:
    """Whether compiled kernels are used in this process."""
    return _installed() and os.environ.get(SWITCH, "1") != "0"
