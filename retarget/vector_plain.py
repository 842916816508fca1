"""The vector cost with pinocchio and numpy: what the compiled solver does, without it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retarget.costs.quadratic import huber
from retarget.errors import RetargetError
from robots.urdf import read_urdf


class PlainVectors:
    """K vectors between links of a URDF.

    Args:
        urdf: The hand.
        origins, tasks: K link names each.
        knee: Huber's knee [m].
        stay: Cost of leaving the last answer [1/rad²].

    Raises:
        RetargetError: A link is missing or a joint is not a hinge.
    """

    def __init__(
        self,
        urdf: Path,
        origins: Sequence[str],
        tasks: Sequence[str],
        knee: float,
        stay: float,
    ) -> None:
        import pinocchio as pin

        self.knee, self.stay = knee, stay
        self.model = model = pin.buildModelFromUrdf(str(urdf))
        self.data = model.createData()
        if model.nq != model.nv or model.nq != model.njoints - 1:
            raise RetargetError(f"{urdf}: only hinges with limits are supported")
        names = list(model.names)[1:]
        joints = read_urdf(urdf).joints
        self.joint_names = tuple(n for n in names if joints[n].mimic is None)
        self.matrix = np.zeros((model.nq, len(self.joint_names)))  # q = M x + c
        self.constant = np.zeros(model.nq)
        for name in names:
            row, (source, factor, offset) = (
                model.joints[model.getJointId(name)].idx_q,
                (_source(joints, name)),
            )
            self.matrix[row, self.joint_names.index(source)] = factor
            self.constant[row] = offset
        self.lower, self.upper = self._box()
        self.joint, self.offset = self._points(urdf, (*origins, *tasks))
        support = np.zeros((model.njoints, model.nv), bool)
        for j in range(1, model.njoints):
            support[j] = support[model.parents[j]]
            support[j, model.joints[j].idx_v] = True
        self.support = support[self.joint]
        # pinocchio numbers parents before children.
        self._before = np.triu(np.ones((model.nv, model.nv)), 1)
        self.frames = sorted(set(self.joint.tolist()))
        self._slot = np.array([self.frames.index(j) for j in self.joint])

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        """The independent joints' limits, cut down to what their mimics allow."""
        lower = np.full(len(self.joint_names), -np.inf)
        upper = np.full(len(self.joint_names), np.inf)
        low, high = self.model.lowerPositionLimit, self.model.upperPositionLimit
        for row, source in enumerate(np.abs(self.matrix).argmax(1)):
            factor = self.matrix[row, source]
            ends = sorted(
                (v - self.constant[row]) / factor for v in (low[row], high[row])
            )
            lower[source] = max(lower[source], ends[0])
            upper[source] = min(upper[source], ends[1])
        return lower, upper

    def _points(
        self, urdf: Path, links: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joint of each link's body and the link's origin in it [m]."""
        joint, offset = [], []
        for link in links:
            if not self.model.existFrame(link):
                raise RetargetError(f"{urdf} has no link {link!r}")
            frame = self.model.frames[self.model.getFrameId(link)]
            joint.append(frame.parentJoint)
            offset.append(frame.placement.translation)
        return np.array(joint), np.array(offset)

    def solve(
        self, last: np.ndarray, target: np.ndarray, tolerance: float, iterations: int
    ) -> np.ndarray:
        """As `retarget.kernels.vector.solve`."""
        from scipy.linalg.lapack import dposv

        q, damping = last.copy(), 1e-4
        cost, gradient, hessian = self.evaluate(q, last, target)
        for _ in range(iterations):
            held = ((q <= self.lower) & (gradient > 0)) | (
                (q >= self.upper) & (gradient < 0)
            )
            free = np.flatnonzero(~held)
            part = hessian[np.ix_(free, free)]
            diagonal = part.diagonal()
            part.ravel()[:: len(free) + 1] += damping * np.abs(diagonal) + 1e-12
            new = q.copy()
            _, step, failed = dposv(part, gradient[free], lower=1)
            if failed:  # not positive definite
                damping = max(damping * 10, 1e-2)
                continue
            new[free] -= step
            np.clip(new, self.lower, self.upper, out=new)
            then = self.evaluate(new, last, target)
            if then[0] > cost:
                damping = max(damping * 10, 1e-3)
                if damping > 1e6:
                    break
                continue
            moved = np.abs(new - q).max()
            q, (cost, gradient, hessian) = new, then
            damping /= 4
            if moved < tolerance:
                break
        return q

    def vectors(self, q: np.ndarray) -> np.ndarray:
        """(K, 3) the vectors at independent joints q (m,) [m]."""
        points = self._locate(q)
        half = len(points) // 2
        return points[half:] - points[:half]

    def cost(self, q: np.ndarray, last: np.ndarray, target: np.ndarray) -> float:
        """Mean SmoothL1 of the vectors' errors, and the price of moving."""
        length = np.linalg.norm(self.vectors(q) - target, axis=1)
        rho = huber(length, self.knee)[0].mean() / self.knee
        return float(rho + self.stay * ((q - last) ** 2).sum())

    def _locate(self, q: np.ndarray) -> np.ndarray:
        import pinocchio as pin

        pin.computeJointJacobians(
            self.model, self.data, self.matrix @ q + self.constant
        )
        oMi = self.data.oMi
        rotation = np.array([oMi[j].rotation for j in self.frames])[self._slot]
        origin = np.array([oMi[j].translation for j in self.frames])[self._slot]
        return origin + (rotation @ self.offset[..., None])[..., 0]

    def evaluate(
        self, q: np.ndarray, last: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Cost, gradient (m,) and Gauss–Newton Hessian (m, m)."""
        points = self._locate(q)
        half = len(points) // 2
        residual = points[half:] - points[:half] - target
        length = np.sqrt((residual * residual).sum(1))
        weight = np.minimum(1.0, self.knee / np.maximum(length, 1e-12))
        near = length <= self.knee
        rho = np.where(near, 0.5 * length**2, self.knee * (length - 0.5 * self.knee))
        # A point's velocity is v + ω × p of the joints' spatial columns.
        linear, turn = self.data.J[:3], self.data.J[3:]
        p0, p1, p2 = points[:, 0, None], points[:, 1, None], points[:, 2, None]
        block = np.empty((len(points), 3, linear.shape[1]))
        block[:, 0] = linear[0] + turn[1] * p2 - turn[2] * p1
        block[:, 1] = linear[1] + turn[2] * p0 - turn[0] * p2
        block[:, 2] = linear[2] + turn[0] * p1 - turn[1] * p0
        block *= self.support[:, None]
        rows = (block[half:] - block[:half]).reshape(3 * half, -1) @ self.matrix
        share = np.repeat(weight / (self.knee * half), 3)
        weighted = rows.T * share
        away = q - last
        pull = (weight / (self.knee * half))[:, None] * residual
        hessian = weighted @ rows + self._bend(
            block, turn, np.concatenate([-pull, pull])
        )
        hessian.ravel()[:: len(q) + 1] += 2 * self.stay
        gradient = weighted @ residual.ravel() + 2 * self.stay * away
        cost = rho.sum() / (self.knee * half) + self.stay * float(away @ away)
        return float(cost), gradient, hessian

    def _bend(
        self, block: np.ndarray, turn: np.ndarray, pull: np.ndarray
    ) -> np.ndarray:
        """Σ pull · ∂²x/∂q² over points: a_i × (a_j × r) for a joint i before j.

        Args:
            block: (P, 3, n) ∂x/∂q of the points.
            turn: (3, n) joint axes.
            pull: (P, 3).
        """
        m0, m1, m2 = block[:, 0], block[:, 1], block[:, 2]
        p0, p1, p2 = pull[:, 0, None], pull[:, 1, None], pull[:, 2, None]
        moment = np.stack([m1 * p2 - m2 * p1, m2 * p0 - m0 * p2, m0 * p1 - m1 * p0], 1)
        axes = turn.T * self.support[..., None]  # (P, n, 3)
        bend = (axes @ moment).sum(0)
        upper = bend * self._before
        full = upper + upper.T + np.diag(bend.diagonal())
        return self.matrix.T @ full @ self.matrix


def _source(joints, name: str) -> tuple[str, float, float]:
    """Independent joint behind `name`, and q = factor · source + offset."""
    factor, offset = 1.0, 0.0
    while (law := joints[name].mimic) is not None:
        offset += factor * law[2]
        factor *= law[1]
        name = law[0]
    return name, factor, offset
