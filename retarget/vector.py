"""`VectorSolver`: link vectors of any URDF follow given vectors, frame by frame.

The cost is the one that single-hand teleoperation made standard (dex-retargeting's
`vector`): the mean over K vectors of SmoothL1(‖x_task − x_origin − target‖), plus a price
on leaving the last answer. It serves as a yardstick and for hands without a robot folder;
`retarget_motion` and `OnlineRetargeter` do more.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retarget import kernels
from retarget.errors import RetargetError
from retarget.vector_plain import PlainVectors

KNEE = 0.020
"""Where SmoothL1 turns from square to straight [m]."""
STAY = 4e-3
"""Cost of moving away from the last answer [1/rad²]."""
TOLERANCE, ITERATIONS = 1e-3, 50


class VectorSolver:
    """Solves one frame per call, from the last answer.

    Args:
        urdf: The hand; joints that mimic follow their laws.
        origins, tasks: K link names; vectors run from an origin to a task.
        compiled: Whether numba is used; by default where it is installed.

    Raises:
        RetargetError: A link is missing or a joint is not a hinge.
    """

    def __init__(
        self,
        urdf: Path,
        origins: Sequence[str],
        tasks: Sequence[str],
        compiled: bool | None = None,
    ) -> None:
        self.plain = PlainVectors(urdf, origins, tasks, KNEE, STAY)
        self.joint_names = self.plain.joint_names
        self.lower, self.upper = self.plain.lower, self.plain.upper
        self.q = (self.lower + self.upper) / 2
        self._compiled = kernels.enabled() if compiled is None else compiled
        if self._compiled:
            from retarget.kernels import vector

            self._solve = vector.solve
            self._vectors = vector.from_plain(self.plain)
            self._space = vector.empty_space(self._vectors)

    def solve(self, target: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
        """Joints (m,) [rad], inside their limits, for K target vectors (K, 3) [m].

        Raises:
            RetargetError: A target is not finite.
        """
        target = np.ascontiguousarray(target, float)
        if not np.isfinite(target).all():
            raise RetargetError("target: NaN or infinity. Fix: leave the frame out.")
        if self._compiled:
            self.q = self._solve(
                self._vectors, self._space, self.q, target, tolerance, ITERATIONS
            )
        else:
            self.q = self.plain.solve(self.q, target, tolerance, ITERATIONS)
        return self.q.copy()

    def cost(self, q: np.ndarray, last: np.ndarray, target: np.ndarray) -> float:
        """The cost of an answer `q` (m,) after `last` (m,)."""
        return self.plain.cost(q, last, target)
