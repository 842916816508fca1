"""Put a robot's two hands on its arms: `with_arms(trajectory, robot)`.

The hands have been retargeted on free bases. Here the whole two-handed path is shifted
to where the arms reach it best (one translation, found on a grid of key frames), solved
for the arms, and made a trajectory inside all limits. What the arms could not follow is
what the hands' bases then do: `T_world_base` comes from the arms, and the report says how
far that is from what was asked.
"""

from dataclasses import replace

import numpy as np

from handx_gen.skeleton import SIDES
from retarget import limits
from retarget.accelerations import check_accelerations, gentle_path
from retarget.arm_chain import ArmChain, arm_chain
from retarget.arm_report import ArmReport
from retarget.arm_solve import (
    LEAN,
    ArmTargets,
    errors,
    overlaps,
    rest_centre,
    solve_arms,
)  # fmt: skip
from retarget.configuration import HandPose
from retarget.rotations import matrix_from_quaternion, quaternion_from_matrix
from retarget.trajectory import (
    BimanualTrajectory,
    JointTrajectory,
    continuous_quaternions,
)  # fmt: skip
from robots.robot import RobotSpec

KEY_FRAMES = 16
"""Moments of the clip that decide where it is placed."""
COARSE = (np.linspace(0.15, 0.39, 4), np.linspace(-0.10, 0.30, 5))
FINE = 0.04
"""First and second grid: forward of and above the body's root [m]."""
NEAR, SQUARE = 0.005, 5.0
"""A hand is where it should be within these [m, deg]."""
ITERATIONS = 25


def with_arms(
    trajectory: BimanualTrajectory, robot: RobotSpec, accelerations: bool = False
) -> tuple[BimanualTrajectory, ArmReport]:
    """Add the arms to a trajectory of hands on free bases.

    Args:
        trajectory: Both hands, or one; the other arm rests.
        robot: A robot with a body.
        accelerations: Whether the arms keep their acceleration limits.

    Returns:
        The trajectory with a group for waist and each arm and with the hands' bases
        where the arms put them, in the world in which the body's root stands still at
        (0, 0, `root_height`) and faces +x; and the report.

    Raises:
        RetargetError: The robot has no body.
    """
    chain = arm_chain(robot)
    wanted = np.array([trajectory.hands[side] is not None for side in SIDES])
    root = np.array([0.0, 0.0, chain.body.root_height])
    rotation = matrix_from_quaternion(trajectory.T_world_base[..., :4])
    position = trajectory.T_world_base[..., 4:] - root
    shift, start = place(chain, rotation, position, wanted)
    targets = ArmTargets(rotation, position + shift, wanted)
    time = trajectory.time_from_start
    q = solve_arms(chain, targets, start, float(time[1] - time[0]))
    positions, velocities, ratio = _inside_limits(chain, q, time, accelerations)
    pose = chain.model.forward(positions)
    rotation, position = chain.roots(pose)
    bases = np.concatenate([quaternion_from_matrix(rotation), position + root], -1)
    bases[:, ~wanted] = trajectory.T_world_base[:, ~wanted]
    groups = {}
    for group, joints in chain.body.groups.items():
        columns = [chain.model.spec.joint_names.index(joint) for joint in joints]
        groups[group] = JointTrajectory(
            joints, positions[:, columns], velocities[:, columns], time
        )
        spec = chain.model.spec
        groups[group].check_limits(
            spec.lower[columns], spec.upper[columns], spec.velocity_limit[columns]
        )
        if accelerations:
            check_accelerations(groups[group], spec.acceleration_limit[columns])
    report = _report(chain, pose, targets, positions, ratio, time, shift)
    return (
        replace(
            trajectory,
            T_world_base=continuous_quaternions(bases),
            tip_targets=trajectory.tip_targets + shift,
            groups=groups,
            provenance={**trajectory.provenance, "arms": report.to_dict()},
        ),
        report,
    )


def place(
    chain: ArmChain, rotation: np.ndarray, position: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the motion goes, and arm angles to begin with.

    Every shift of a grid is tried on key frames, all of them solved at once; then a
    finer grid about the best.

    Args:
        chain: The robot's body.
        rotation: (T, 2, 3, 3) of the hands' roots.
        position: (T, 2, 3) in the body's root frame, before the shift [m].
        wanted: (2,) bool.

    Returns:
        (3,) shift [m], (T, m) angles [rad].
    """
    keys = np.unique(np.linspace(0, len(position) - 1, KEY_FRAMES).astype(int))
    middle = position[:, wanted].mean((0, 1))
    _, at_rest = chain.roots(chain.model.forward(chain.model.rest[None]))
    # One hand alone goes in front of its own shoulder.
    sideways = 0.0 if wanted.all() else float(at_rest[0, wanted, 1].mean())
    best = np.zeros(3)
    solved = np.zeros((len(keys), len(chain.moving)))
    for forward, up in (COARSE, ((-FINE, 0.0, FINE), (-FINE, 0.0, FINE))):
        base = (
            best
            if forward is not COARSE[0]
            else np.array([0.0, sideways, 0.0]) - middle
        )
        shifts = np.array([base + [x, 0.0, z] for x in forward for z in up])
        q, value = _try(chain, rotation[keys], position[keys], wanted, shifts)
        k = int(value.argmin())
        best, solved = shifts[k], q[k]
    start = np.stack(
        [np.interp(np.arange(len(position)), keys, column) for column in solved.T], 1
    )
    return best, start


def _try(
    chain: ArmChain,
    rotation: np.ndarray,
    position: np.ndarray,
    wanted: np.ndarray,
    shifts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Angles (S, K, m) and mean cost (S,) of key frames (K, 2, …) under shifts (S, 3)."""
    count, keys = len(shifts), len(position)
    targets = ArmTargets(
        np.tile(rotation, (count, 1, 1, 1)),
        (position + shifts[:, None, None]).reshape(-1, 2, 3),
        wanted,
    )
    rest = chain.model.rest[chain.moving]
    start = np.tile(rest, (count * keys, 1))
    q = solve_arms(chain, targets, start, None, ITERATIONS)
    free = np.repeat(chain.model.rest[None], len(q), 0)
    free[:, chain.moving] = q
    place_error, turn = errors(chain, chain.model.forward(free), targets)
    miss = np.linalg.norm(place_error, axis=-1) / 0.005
    miss = miss + np.linalg.norm(turn, axis=-1) / 0.1
    value = (np.minimum(miss, 20.0) * wanted).sum(1)
    # Among shifts that reach alike, the one that keeps the arms near rest.
    value += 0.05 * np.linalg.norm(q - rest, axis=1)
    return q.reshape(count, keys, -1), value.reshape(count, keys).mean(1)


def _inside_limits(
    chain: ArmChain, q: np.ndarray, time: np.ndarray, accelerations: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """All joints' positions and velocities (T, n) on a spline, and the top speed ratio."""
    h = float(time[1] - time[0])
    model = chain.model
    lower, upper = model.lower[chain.moving], model.upper[chain.moving]
    controls = np.clip(limits.control_points(q[1:-1]), lower, upper)
    most = model.velocity_limit[chain.moving]
    step = most * h * (1 - limits.SPEED_MARGIN)
    controls = limits.slow_envelope(controls, step)
    if accelerations:
        bend = model.acceleration_limit[chain.moving] * h**2
        controls = gentle_path(controls, lower, upper, step, bend)
    moved, speeds = limits.spline_knots(controls, h)
    positions = np.repeat(model.rest[None], len(time), 0)
    velocities = np.zeros_like(positions)
    positions[:, chain.moving] = np.clip(moved, lower, upper)
    velocities[:, chain.moving] = speeds
    return positions, velocities, float((np.abs(speeds) / most).max())


def _report(
    chain: ArmChain,
    pose: HandPose,
    targets: ArmTargets,
    positions: np.ndarray,
    ratio: float,
    time: np.ndarray,
    shift: np.ndarray,
) -> ArmReport:
    place_error, turn = errors(chain, pose, targets)
    millimetres = 1000 * np.linalg.norm(place_error, axis=-1)
    degrees = np.degrees(np.linalg.norm(turn, axis=-1))
    good = (millimetres <= 1000 * NEAR) & (degrees <= SQUARE)
    here = [(k, side) for k, side in enumerate(SIDES) if targets.wanted[k]]

    def three(values: np.ndarray) -> tuple[float, float, float]:
        return (
            float(values.mean()),
            float(np.percentile(values, 95)),
            float(values.max()),
        )

    spec = chain.model.spec
    close = (positions <= spec.lower + 2e-3) | (positions >= spec.upper - 2e-3)
    held = {
        spec.joint_names[j]: float(close[:, j].mean())
        for j in chain.moving
        if close[:, j].any()
    }
    found, keep = overlaps(chain, pose, 0.3)
    centre = chain.centre_of_mass(pose)[0] - rest_centre(chain)
    return ArmReport(
        shift=(float(shift[0]), float(shift[1]), float(shift[2])),
        position_mm={side: three(millimetres[:, k]) for k, side in here},
        turn_deg={side: three(degrees[:, k]) for k, side in here},
        reached={side: float(good[:, k].mean()) for k, side in here},
        missed={side: _spans(~good[:, k], time) for k, side in here},
        at_limit=held,
        clearance_mm=1000 * float(found.distance[keep].min(initial=0.3)),
        top_speed_ratio=ratio,
        lean_mm=1000 * float(np.linalg.norm(centre[:, :2], axis=1).max()),
        lean_bound_mm=1000 * LEAN,
    )


def _spans(flags: np.ndarray, time: np.ndarray) -> tuple[tuple[float, float], ...]:
    """First and last time of each run of True."""
    edges = np.flatnonzero(
        np.diff(np.concatenate([[False], flags, [False]]).astype(int))
    )
    return tuple(
        (float(time[a]), float(time[b - 1])) for a, b in zip(edges[::2], edges[1::2])
    )
