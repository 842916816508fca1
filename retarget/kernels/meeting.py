"""Where hands' points and capsules meet in one frame.

The formulas are those of `retarget.contacts` and `retarget.capsules`.
"""

import numpy as np

from retarget.kernels.tree import compiled

PARALLEL, CROSSED = 1e-9, 1e-6
"""As in `retarget.capsules`: segments without one closest pair, axes that cross."""


@compiled
def closest(a0, a1, b0, b1, p, q):
    """Closest points p, q of segments a0–a1 and b0–b1 [Ericson2004, 5.1.9]."""
    aa = bb = ab = ag = bg = 0.0
    for i in range(3):
        da, db, gap = a1[i] - a0[i], b1[i] - b0[i], a0[i] - b0[i]
        aa += da * da
        bb += db * db
        ab += da * db
        ag += da * gap
        bg += db * gap
    aa, bb = max(aa, 1e-18), max(bb, 1e-18)
    denominator = aa * bb - ab * ab
    s = 0.5
    if denominator >= PARALLEL * aa * bb:
        s = (ab * bg - ag * bb) / denominator
    s = min(max(s, 0.0), 1.0)
    t = min(max((ab * s + bg) / bb, 0.0), 1.0)
    s = min(max((ab * t - ag) / aa, 0.0), 1.0)
    for i in range(3):
        p[i] = a0[i] + s * (a1[i] - a0[i])
        q[i] = b0[i] + t * (b1[i] - b0[i])


@compiled
def capsule_gap(ends, i, j, radii, p, q, normal):
    """Distance of two capsules' surfaces [m]; facing points and normal are written.

    Args:
        ends: (2, C, 3) segment ends in world.
        i, j: Which capsules.
        radii: Sum of their radii [m].
        p, q, normal: (3,) out.
    """
    closest(ends[0, i], ends[1, i], ends[0, j], ends[1, j], p, q)
    length = 0.0
    for k in range(3):
        normal[k] = p[k] - q[k]
        length += normal[k] ** 2
    length = size = np.sqrt(length)
    if length <= CROSSED:
        size = 0.0
        for k in range(3):
            normal[k] = 0.5 * (ends[0, i, k] + ends[1, i, k])
            normal[k] -= 0.5 * (ends[0, j, k] + ends[1, j, k])
            size += normal[k] ** 2
        size = np.sqrt(size)
    for k in range(3):
        normal[k] /= max(size, 1e-12)
    return length - radii


@compiled
def above_sheet(point, sheet, normal, edge, direction):
    """Nearest point of a palm and the signed distance to it; writes the direction.

    Args:
        point: (3,).
        sheet: (P, 3) palm points.
        normal: (3,) the palm's.
        edge: How far beside a point the sheet still counts [m].
        direction: (3,) out.
    """
    nearest, least = 0, np.inf
    for n in range(len(sheet)):
        square = (
            (point[0] - sheet[n, 0]) ** 2
            + (point[1] - sheet[n, 1]) ** 2
            + (point[2] - sheet[n, 2]) ** 2
        )
        if square < least:
            nearest, least = n, square
    height = 0.0
    for k in range(3):
        height += (point[k] - sheet[nearest, k]) * normal[k]
    distance = 0.0
    for k in range(3):
        direction[k] = point[k] - sheet[nearest, k] - height * normal[k]
        distance += direction[k] ** 2
    distance = np.sqrt(distance)
    beyond = max(distance - edge, 0.0)
    if beyond < 1e-9:  # straight above or below: the sign counts
        for k in range(3):
            direction[k] = normal[k]
        return nearest, height
    length = 0.0
    for k in range(3):
        direction[k] = direction[k] * (beyond / max(distance, 1e-12))
        direction[k] += height * normal[k]
        length += direction[k] ** 2
    length = np.sqrt(length)
    for k in range(3):
        direction[k] /= max(length, 1e-12)
    return nearest, length
