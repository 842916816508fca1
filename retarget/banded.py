"""Symmetric positive definite banded systems, solved on one thread.

A trajectory's band is some sixty entries wide. LAPACK works through it in blocks of a few
microseconds, and with a second thread it mostly waits for that: on two busy cores a solve
took nine times as long.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _blas() -> "ThreadpoolController":
    """The BLAS libraries of this process; scipy's must be there when it looks."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def solve_banded_spd(band: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve A x = right.

    Args:
        band: (width + 1, N) lower form, band[i − j, j] = A[i, j]; overwritten.
        right: (N,); overwritten.

    Raises:
        numpy.linalg.LinAlgError: A is not positive definite.
    """
    from scipy.linalg import solveh_banded

    with _blas().limit(limits=1):
        return solveh_banded(
            band, right, lower=True, overwrite_ab=True, overwrite_b=True,
            check_finite=False,
        )  # fmt: skip
