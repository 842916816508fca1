"""`evaluate`: all costs of `retarget.objective` for a run of frames, compiled."""

from typing import NamedTuple

import numpy as np

from retarget.kernels import boxes, meeting
from retarget.kernels.gaps import Roots, Rows, add_gaps, put
from retarget.kernels.points import add_points, empty_sums
from retarget.kernels.tree import Tree, compiled, empty_bodies, forward, locate


class Hands(NamedTuple):
    """H hands, what does not change between frames.

    Attributes:
        tree: Their bodies.
        wrist: (H,) first of the 6 wrist variables.
        place: (H, 2, 3) origin and z axis of the hand frame in the root link.
        point_body, point_offset, point_cost: The fingers' K points.
        touch_body, touch_offset, touch_radius: The fingers' contact points.
        palm_start: (H + 1,) the palms' points one after the other.
        palm_body, palm_offset: (P,), (P, 3).
        capsule_body, capsule_offset: (2, C), (2, C, 3) the ends of the capsules.
        capsule_size: (2, C) radius and reach [m].
        capsule_axes, capsule_half: (C, 3, 3) in the body, (C, 3) [m]; see `CapsuleSet`.
        capsule_boxed: (C,) whether it is a box.
        pairs, clearance: (Q, 2) capsules that may collide, (Q,) what they keep [m].
    """

    tree: Tree
    wrist: np.ndarray
    place: np.ndarray
    point_body: np.ndarray
    point_offset: np.ndarray
    point_cost: np.ndarray
    touch_body: np.ndarray
    touch_offset: np.ndarray
    touch_radius: np.ndarray
    palm_start: np.ndarray
    palm_body: np.ndarray
    palm_offset: np.ndarray
    capsule_body: np.ndarray
    capsule_offset: np.ndarray
    capsule_size: np.ndarray
    capsule_axes: np.ndarray
    capsule_half: np.ndarray
    capsule_boxed: np.ndarray
    pairs: np.ndarray
    clearance: np.ndarray


class Frames(NamedTuple):
    """What belongs to T frames.

    Attributes:
        rotation, wrist: (T, H, 3, 3) and (T, H, 3) [m], nominal poses.
        target: (T, K, 3) [m], world.
        gap, weight: (T, G) of the wanted contacts.
    """

    rotation: np.ndarray
    wrist: np.ndarray
    target: np.ndarray
    gap: np.ndarray
    weight: np.ndarray


class Costs(NamedTuple):
    """Scalars of the objective.

    Attributes:
        finger_knee: [m].
        contact, contact_knee, softness: [1/m²], [m], [m].
        collision, collision_knee: [1/m²], [m].
        edge: Of the palm's sheet [m].
        closest_palms: Rows with which two palms meet.
    """

    finger_knee: float
    contact: float
    contact_knee: float
    softness: float
    collision: float
    collision_knee: float
    edge: float
    closest_palms: int


@compiled
def evaluate(hands, frames, contacts, costs, z, rest, posture, coupled, out):
    """Cost, gradient and Hessian of every frame.

    Args:
        hands, frames, costs: See there.
        contacts: (G, 2) points of each pair: a finger, or −1 − h for hand h's palm.
        z: (T, N) variables.
        rest, posture: (N,) posture term.
        coupled: Whether wrists, contacts and collisions take part.
        out: hessian (T, N, N), gradient (T, N), cost (T,); overwritten.
    """
    count = len(hands.wrist)
    bodies, world = empty_bodies(hands.tree), empty_bodies(hands.tree)
    sums = empty_sums(z.shape[1])
    roots = Roots(
        np.empty((count, 3, 3)), np.empty((count, 3)), np.empty((count, 3)),
        np.empty((count, 3, 3)), hands.wrist,
    )  # fmt: skip
    most = len(hands.pairs) + len(contacts) * costs.closest_palms
    rows = Rows(
        np.zeros(1, np.int64), np.empty((most, 2), np.int64), np.empty((most, 3, 3)),
        np.empty((most, 3)),
    )  # fmt: skip
    for t in range(len(z)):
        sums.hessian[:], sums.gradient[:] = 0.0, 0.0
        forward(hands.tree, z[t], bodies)
        place(hands, frames.rotation[t], frames.wrist[t], z[t], roots)
        to_world(hands.tree, bodies, roots, world)
        total = add_points(
            hands.tree, world, roots, hands.point_body, hands.point_offset,
            frames.target[t], hands.point_cost, costs.finger_knee, sums,
        )  # fmt: skip
        if coupled:
            rows.used[0] = 0
            collisions(hands, world, costs, rows)
            touches(
                hands, world, roots, contacts, frames.gap[t], frames.weight[t], costs,
                rows,
            )  # fmt: skip
            total += add_gaps(hands.tree, world, roots, rows, sums)
        for n in range(z.shape[1]):
            off = z[t, n] - rest[n]
            sums.hessian[n, n] += posture[n]
            sums.gradient[n] += posture[n] * off
            total += 0.5 * posture[n] * off * off
        out[0][t], out[1][t], out[2][t] = sums.hessian, sums.gradient, total


@compiled
def place(hands, rotation, wrist, z, roots):
    """The hands' roots in world, from nominal poses and wrist corrections."""
    turn = np.empty((3, 3))
    for h in range(len(hands.wrist)):
        first = hands.wrist[h]
        _turn(z[first + 3 : first + 6], turn, roots.left[h].T)
        for i in range(3):
            roots.wrist[h, i] = wrist[h, i] + z[first + i]
            for j in range(3):
                roots.rotation[h, i, j] = (
                    turn[i, 0] * rotation[h, 0, j]
                    + turn[i, 1] * rotation[h, 1, j]
                    + turn[i, 2] * rotation[h, 2, j]
                )
        for i in range(3):
            roots.origin[h, i] = roots.wrist[h, i]
            for n in range(3):
                roots.origin[h, i] -= roots.rotation[h, i, n] * hands.place[h, 0, n]


@compiled
def _turn(w, rotation, left):
    """exp(ω) and its left Jacobian, as `retarget.rotations`."""
    angle = np.sqrt(w[0] ** 2 + w[1] ** 2 + w[2] ** 2)
    sine = cosine = 1.0
    if angle != 0.0:
        sine, cosine = np.sin(angle) / angle, np.sin(angle / 2) / (angle / 2)
    cosine = 0.5 * cosine**2
    cubic = 1 / 6 if angle < 1e-4 else (angle - np.sin(angle)) / angle**3
    for i in range(3):
        for j in range(3):
            square = w[i] * w[j] - (angle * angle if i == j else 0.0)
            cross = 0.0
            if (i + 1) % 3 == j:
                cross = -w[(i + 2) % 3]
            elif (i + 2) % 3 == j:
                cross = w[(i + 1) % 3]
            eye = 1.0 if i == j else 0.0
            rotation[i, j] = eye + sine * cross + cosine * square
            left[i, j] = eye + cosine * cross + cubic * square


@compiled
def to_world(tree, bodies, roots, world):
    """Bodies from their hand's root frame into world."""
    for b in range(len(tree.parent)):
        h = tree.hand[b]
        for i in range(3):
            r0, r1, r2 = (
                roots.rotation[h, i, 0],
                roots.rotation[h, i, 1],
                roots.rotation[h, i, 2],
            )
            at, axis = bodies.position[b], bodies.axis[b]
            world.position[b, i] = (
                roots.origin[h, i] + r0 * at[0] + r1 * at[1] + r2 * at[2]
            )
            world.axis[b, i] = r0 * axis[0] + r1 * axis[1] + r2 * axis[2]
            for j in range(3):
                world.rotation[b, i, j] = (
                    r0 * bodies.rotation[b, 0, j]
                    + r1 * bodies.rotation[b, 1, j]
                    + r2 * bodies.rotation[b, 2, j]
                )


@compiled
def collisions(hands, world, costs, rows):
    """Rows of shapes that are closer than they should be."""
    ends = np.empty(hands.capsule_offset.shape)
    for e in range(2):
        for c in range(hands.capsule_offset.shape[1]):
            locate(
                world.rotation, world.position, hands.capsule_body[e, c],
                hands.capsule_offset[e, c], ends[e, c],
            )  # fmt: skip
    middle = 0.5 * (ends[0] + ends[1])
    p, q, normal = np.empty(3), np.empty(3), np.empty(3)
    axes_a, axes_b = np.empty((3, 3)), np.empty((3, 3))
    size = hands.capsule_size
    for n in range(len(hands.pairs)):
        i, j, clearance = hands.pairs[n, 0], hands.pairs[n, 1], hands.clearance[n]
        reach = size[1, i] + size[1, j] + clearance
        square = 0.0
        for k in range(3):
            square += (middle[i, k] - middle[j, k]) ** 2
        if square >= reach * reach:
            continue
        radii = size[0, i] + size[0, j]
        if hands.capsule_boxed[i] or hands.capsule_boxed[j]:
            _axes(hands, world, i, axes_a)
            _axes(hands, world, j, axes_b)
            gap = -radii + boxes.box_gap(
                middle[i], axes_a, hands.capsule_half[i], middle[j], axes_b,
                hands.capsule_half[j], clearance + radii, p, q, normal,
            )  # fmt: skip
        else:
            gap = meeting.capsule_gap(ends, i, j, radii, p, q, normal)
        if gap < clearance:
            put(
                rows, hands.capsule_body[0, i], p, hands.capsule_body[0, j], q, normal,
                gap - clearance, costs.collision, costs.collision_knee,
            )  # fmt: skip


@compiled
def _axes(hands, world, c, out):
    """A shape's axes in world, as columns."""
    body = hands.capsule_body[0, c]
    for i in range(3):
        for j in range(3):
            out[i, j] = 0.0
            for k in range(3):
                out[i, j] += world.rotation[body, i, k] * hands.capsule_axes[c, k, j]


@compiled
def touches(hands, world, roots, contacts, gap, weight, costs, rows):
    """Rows of the wanted contacts."""
    for k in range(len(contacts)):
        if weight[k] > 1e-3:
            a, b = contacts[k, 0], contacts[k, 1]
            cost = costs.contact * weight[k]
            if a < 0 and b < 0:
                _palms(hands, world, roots, -1 - a, -1 - b, gap[k], cost, costs, rows)
            elif a < 0:
                _palm_tip(hands, world, roots, -1 - a, b, gap[k], cost, costs, rows)
            elif b < 0:
                _palm_tip(hands, world, roots, -1 - b, a, gap[k], cost, costs, rows)
            else:
                _tips(hands, world, a, b, gap[k], cost, costs, rows)


@compiled
def _tips(hands, world, first, second, wanted, cost, costs, rows):
    a, b = np.empty(3), np.empty(3)
    _tip(hands, world, first, a)
    _tip(hands, world, second, b)
    distance = np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)
    normal = (a - b) / max(distance, 1e-9)
    gap = distance - hands.touch_radius[first] - hands.touch_radius[second]
    put(
        rows, hands.touch_body[first], a, hands.touch_body[second], b, normal,
        gap - wanted, cost, costs.contact_knee,
    )  # fmt: skip


@compiled
def _tip(hands, world, finger, out):
    body, offset = hands.touch_body[finger], hands.touch_offset[finger]
    locate(world.rotation, world.position, body, offset, out)


@compiled
def _sheet(hands, world, roots, h):
    """A palm's points in world, and its outward normal."""
    start, stop = hands.palm_start[h], hands.palm_start[h + 1]
    sheet, normal = np.empty((stop - start, 3)), np.zeros(3)
    for n in range(stop - start):
        locate(
            world.rotation, world.position, hands.palm_body[start + n],
            hands.palm_offset[start + n], sheet[n],
        )  # fmt: skip
    for i in range(3):
        for n in range(3):
            normal[i] -= roots.rotation[h, i, n] * hands.place[h, 1, n]
    return sheet, normal


@compiled
def _palm_tip(hands, world, roots, palm, finger, wanted, cost, costs, rows):
    point, direction = np.empty(3), np.empty(3)
    _tip(hands, world, finger, point)
    sheet, normal = _sheet(hands, world, roots, palm)
    nearest, height = meeting.above_sheet(point, sheet, normal, costs.edge, direction)
    put(
        rows, hands.touch_body[finger], point,
        hands.palm_body[hands.palm_start[palm]], sheet[nearest], direction,
        height - hands.touch_radius[finger] - wanted, cost, costs.contact_knee,
    )  # fmt: skip


@compiled
def _palms(hands, world, roots, first, second, wanted, cost, costs, rows):
    """Two palms meet where their sheets are closest, softly shared."""
    a, _ = _sheet(hands, world, roots, first)
    b, normal = _sheet(hands, world, roots, second)
    count = len(a)
    height, which = np.empty(count), np.empty(count, np.int64)
    direction = np.empty((count, 3))
    for n in range(count):
        which[n], height[n] = meeting.above_sheet(
            a[n], b, normal, costs.edge, direction[n]
        )
    best = np.argsort(height, kind="mergesort")[: min(costs.closest_palms, count)]
    least = height[best[0]]
    share = np.exp((least - height[best]) / costs.softness)
    share /= share.sum()
    for k in range(len(best)):
        n = best[k]
        put(
            rows, hands.palm_body[hands.palm_start[first]], a[n],
            hands.palm_body[hands.palm_start[second]], b[which[n]], direction[n],
            least - wanted, cost * share[k], costs.contact_knee,
        )  # fmt: skip
