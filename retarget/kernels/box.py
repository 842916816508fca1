"""A damped Newton step inside a box, for a problem of a few dozen variables."""

from typing import NamedTuple

import numpy as np

from retarget.kernels.tree import compiled


class Newton(NamedTuple):
    """Working space of `box_step`.

    Attributes:
        factor: (N, N) lower Cholesky factor of the free variables.
        free: (N,) which variables are free, packed.
        packed: (N,) their right-hand side.
    """

    factor: np.ndarray
    free: np.ndarray
    packed: np.ndarray


@compiled
def empty_newton(size):
    """Working space for `size` variables."""
    return Newton(np.zeros((size, size)), np.zeros(size, np.int64), np.zeros(size))


@compiled
def box_step(hessian, gradient, z, lower, upper, damping, newton, step):
    """Step (N,) to the minimum of the model, written in place.

    A variable at its bound whose gradient points outward is held [Bertsekas1982].

    Args:
        hessian, gradient: (N, N), of which the lower triangle is read, and (N,).
        z, lower, upper: (N,).
        damping: Relative rise of the diagonal.
        newton: Working space.
        step: Out.

    Returns:
        Whether the damped Hessian of the free variables is positive definite; if not,
        there is no step.
    """
    count = 0
    for i in range(len(z)):
        step[i] = 0.0
        outward = (z[i] <= lower[i] and gradient[i] > 0) or (
            z[i] >= upper[i] and gradient[i] < 0
        )
        if not outward and lower[i] < upper[i]:
            newton.free[count] = i
            newton.packed[count] = -gradient[i]
            count += 1
    least = 0.0
    low, free, packed = newton.factor, newton.free, newton.packed
    for a in range(count):
        for b in range(a + 1):
            total = hessian[free[a], free[b]]
            if a == b:
                total += damping * abs(total) + 1e-12
                least = 1e-9 * abs(total)
            for n in range(b):
                total -= low[a, n] * low[b, n]
            if a != b:
                low[a, b] = total / low[b, b]
            elif total > least:
                low[a, a] = np.sqrt(total)
            else:
                return False
    for a in range(count):
        for n in range(a):
            packed[a] -= low[a, n] * packed[n]
        packed[a] /= low[a, a]
    for a in range(count - 1, -1, -1):
        for n in range(a + 1, count):
            packed[a] -= low[n, a] * packed[n]
        packed[a] /= low[a, a]
        step[free[a]] = packed[a]
    return True
