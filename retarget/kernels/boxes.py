"""Signed distance of two boxes, compiled; the formulas are those of `retarget.boxes`."""

import numpy as np

from retarget.boxes import BETTER, LEVEL, PROJECTIONS, SHORT
from retarget.kernels.tree import compiled


@compiled
def box_gap(ca, ra, ha, cb, rb, hb, far, p, q, normal):
    """Signed distance of boxes a and b [m]; facing points and the normal are written.

    Args:
        ca, ra, ha: Centre (3,), axes as columns (3, 3), half edges (3,) of a.
        cb, rb, hb: Those of b.
        far: Boxes further apart than this [m] are of no interest: what is returned is
            further, too, and nothing else is written.
        p, q: (3,) facing points on a and b.
        normal: (3,) from b to a.
    """
    offset = np.empty(3)
    for k in range(3):
        offset[k] = ca[k] - cb[k]
    axis = np.empty(3)
    distance, best, sign = -np.inf, 0, 1.0
    for n in range(15):
        if not _axis(ra, rb, n, axis):
            continue
        along = _dot(axis, offset)
        apart = abs(along) - _half_width(ra, ha, axis) - _half_width(rb, hb, axis)
        if apart > far:
            return apart
        if apart > distance + BETTER:
            distance, best = apart, n
            sign = -1.0 if along < 0 else 1.0
    _axis(ra, rb, best, axis)
    for k in range(3):
        normal[k] = sign * axis[k]
    if best < 3:
        _touching(cb, rb, hb, normal, 1.0, ca, ra, ha, best, q)
        for k in range(3):
            p[k] = q[k] + normal[k] * distance
    elif best < 6:
        _touching(ca, ra, ha, normal, -1.0, cb, rb, hb, best - 3, p)
        for k in range(3):
            q[k] = p[k] - normal[k] * distance
    else:
        _crossing(ca, ra, ha, cb, rb, hb, best - 6, normal, p, q)
        for k in range(3):
            middle = 0.5 * (p[k] + q[k])
            p[k] = middle + 0.5 * normal[k] * distance
            q[k] = middle - 0.5 * normal[k] * distance
    if distance > 0:
        distance = _refine(ca, ra, ha, cb, rb, hb, offset, distance, p, q, normal)
    return distance


@compiled
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled
def _half_width(axes, half, way):
    """Half the box's extent along a direction."""
    total = 0.0
    for k in range(3):
        total += half[k] * abs(
            axes[0, k] * way[0] + axes[1, k] * way[1] + axes[2, k] * way[2]
        )
    return total


@compiled
def _axis(ra, rb, n, out):
    """The nth of the 15 axes; False where two edges are parallel."""
    if n < 3:
        for k in range(3):
            out[k] = ra[k, n]
        return True
    if n < 6:
        for k in range(3):
            out[k] = rb[k, n - 3]
        return True
    i, j = (n - 6) // 3, (n - 6) % 3
    square = 0.0
    for k in range(3):
        u, v = (k + 1) % 3, (k + 2) % 3
        out[k] = ra[u, i] * rb[v, j] - ra[v, i] * rb[u, j]
        square += out[k] * out[k]
    length = np.sqrt(square)
    if length < SHORT:
        return False
    for k in range(3):
        out[k] /= length
    return True


@compiled
def _clamp_into(centre, axes, half, point, out):
    """The nearest point of a box."""
    local = np.empty(3)
    for k in range(3):
        along = 0.0
        for m in range(3):
            along += axes[m, k] * (point[m] - centre[m])
        local[k] = min(max(along, -half[k]), half[k])
    _from_local(centre, axes, local, out)


@compiled
def _from_local(centre, axes, local, out):
    for m in range(3):
        out[m] = centre[m]
        for k in range(3):
            out[m] += axes[m, k] * local[k]


@compiled
def _touching(centre, axes, half, normal, sign, other, frame, bound, face, out):
    """The point furthest along sign · normal, above the other box's face if it can be."""
    tilt, local, point = np.empty(3), np.empty(3), np.empty(3)
    for k in range(3):
        along = sign * (
            axes[0, k] * normal[0] + axes[1, k] * normal[1] + axes[2, k] * normal[2]
        )
        tilt[k] = min(max(along / LEVEL, -1.0), 1.0)
        local[k] = tilt[k] * half[k]
    _from_local(centre, axes, local, point)
    limit = bound.copy()
    limit[face] = np.inf
    _clamp_into(other, frame, limit, point, point)
    for k in range(3):
        along = 0.0
        for m in range(3):
            along += axes[m, k] * (point[m] - centre[m])
        low = (2 * tilt[k] - 1 if tilt[k] > 0 else -1.0) * half[k]
        high = (2 * tilt[k] + 1 if tilt[k] < 0 else 1.0) * half[k]
        local[k] = min(max(along, low), high)
    _from_local(centre, axes, local, out)


@compiled
def _crossing(ca, ra, ha, cb, rb, hb, pair, normal, p, q):
    """Nearest points of the lines through the two edges that meet."""
    i, j = pair // 3, pair % 3
    _edge(ca, ra, ha, normal, -1.0, i, p)
    _edge(cb, rb, hb, normal, 1.0, j, q)
    cosine = gap_a = gap_b = 0.0
    for k in range(3):
        cosine += ra[k, i] * rb[k, j]
        gap_a += ra[k, i] * (p[k] - q[k])
        gap_b += rb[k, j] * (p[k] - q[k])
    sine = 1 - cosine**2
    s, t = (cosine * gap_b - gap_a) / sine, (gap_b - cosine * gap_a) / sine
    for k in range(3):
        p[k] += s * ra[k, i]
        q[k] += t * rb[k, j]


@compiled
def _edge(centre, axes, half, normal, sign, along, out):
    """Middle of the edge furthest along sign · normal."""
    local = np.zeros(3)
    for k in range(3):
        if k != along:
            way = sign * (
                axes[0, k] * normal[0] + axes[1, k] * normal[1] + axes[2, k] * normal[2]
            )
            local[k] = -half[k] if way < 0 else half[k]
    _from_local(centre, axes, local, out)


@compiled
def _refine(ca, ra, ha, cb, rb, hb, offset, distance, p, q, normal):
    """Where boxes are apart: their nearest points, if those are further apart."""
    x, y, way = ca.copy(), ca.copy(), np.empty(3)
    for _ in range(PROJECTIONS):
        _clamp_into(cb, rb, hb, x, y)
        _clamp_into(ca, ra, ha, y, x)
    square = 0.0
    for k in range(3):
        way[k] = x[k] - y[k]
        square += way[k] * way[k]
    length = max(np.sqrt(square), 1e-12)
    for k in range(3):
        way[k] /= length
    apart = _dot(offset, way) - _half_width(ra, ha, way) - _half_width(rb, hb, way)
    if apart <= distance + BETTER:
        return distance
    for k in range(3):
        p[k], q[k], normal[k] = x[k], y[k], way[k]
    return apart
