"""Small changes of a trajectory that make the simulated hands do it, found by sampling.

Where a check of the physics failed, a smooth bump is put over that moment: a constant
offset of the joints concerned, and of the wrists towards or from each other, that rises
and falls within `RAMP`. The cross-entropy method [Rubinstein1999] looks for the offsets
whose simulated stretch costs least (`sim.window`). Every candidate is brought inside all
position and velocity limits before it is simulated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from handx_gen.kinematics.contacts import split_pair
from handx_gen.skeleton import SIDES
from retarget import limits
from retarget.errors import LimitViolation
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots.hand import HandSpec
from robots.robot import RobotSpec
from sim.report import SimReport
from sim.rollout import Rollout

RAMP = 0.3
"""A bump rises and falls in this time [s]."""

SETTLE = 0.15
"""The simulated stretch ends so much after the bump has begun to fall [s]."""

JOINT_SPREAD, WRIST_SPREAD = 0.05, 0.006
"""Standard deviations of the first offsets [rad], [m]."""

POPULATION, ELITE, ROUNDS = 16, 4, 5
"""Candidates per round, those kept, and rounds."""

MOST_FAULTS = 3
"""Stretches that are worked on, the longest lasting contact first."""


@dataclass(frozen=True)
class Fault:
    """A moment at which something failed, and what may change there.

    Attributes:
        start, stop: When [s].
        joints: Chain's side → names of its driven joints that may change.
        wrists: Whether the wrists may move towards or from each other.
        what: For the reader.
    """

    start: float
    stop: float
    joints: Mapping[str, tuple[str, ...]]
    wrists: bool
    what: str


def correct(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    rollout: Rollout,
    report: SimReport,
    seed: int = 0,
    threads: int = 1,
) -> tuple[BimanualTrajectory, list[str]]:
    """The trajectory with small offsets where its simulation failed.

    Args:
        trajectory: What was commanded.
        robot: The robot.
        rollout, report: What came of it.
        seed: Of the sampling.
        threads: Of the simulation.

    Returns:
        The changed trajectory, and a line for each stretch that was worked on; the same
        trajectory and no line if nothing failed that an offset could mend.
    """
    from sim.window import Window

    rng = np.random.default_rng(seed)
    said = []
    for fault in faults(trajectory, robot, rollout, report)[:MOST_FAULTS]:
        first = max(int((fault.start - RAMP) * 100), 0)
        last = min(int((fault.stop + SETTLE) * 100) + 1, len(rollout.time) - 1)
        if last - first < 2:
            continue
        window = Window(rollout, trajectory, robot, first, last, threads)
        trajectory, before, after = _search(window.costs, trajectory, robot, fault, rng)
        said.append(f"{fault.what}: cost {before:.2f} → {after:.2f}")
    return trajectory, said


def faults(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    rollout: Rollout,
    report: SimReport,
) -> list[Fault]:
    """The moments at which checks failed that an offset may mend."""
    failed = {check.name for check in report.checks if check.passed is False}
    found = []
    if "contact recall" in failed:
        missed = [c for c in report.details["contacts"] if c["kept"] is False]
        for contact in sorted(missed, key=lambda c: c["start"] - c["stop"]):
            ends = split_pair(contact["pair"])
            between = len({side for side, _ in ends}) > 1
            found.append(
                Fault(
                    contact["start"], contact["stop"], _carrying(robot, ends, between),
                    between and robot.body is None, f"contact {contact['pair']}",
                )
            )  # fmt: skip
    overlaps = rollout.penetration
    if "penetration, command" in failed:
        from sim.playback import play_kinematic

        overlaps = play_kinematic(trajectory, robot).penetration
    for column, name in enumerate(
        ("within a hand", "between the hands", "of arms and trunk")
    ):
        depth = overlaps[:, column]
        deepest = depth.max() > 0 and depth.max() == overlaps.max()
        if f"penetration {name}" in failed or (
            "penetration, command" in failed and deepest
        ):
            free = column == 1 and robot.body is None
            joints = {} if free else _all_joints(robot)
            start, stop = _while_deep(depth, rollout.time)
            found.append(Fault(start, stop, joints, free, f"penetration {name}"))
    if "position limits, measured" in failed:
        rows = {
            name: (chain, joint)
            for chain in robot.chains
            for name, joint in zip(chain.wire_names, chain.joint_names)
        }
        box = np.array(
            [
                (c.lower[c.joint_names.index(j)], c.upper[c.joint_names.index(j)])
                for c, j in (rows[name] for name in rollout.joint_names)
            ]
        )
        beyond = np.maximum(
            box[:, 0] - rollout.joint_position, rollout.joint_position - box[:, 1]
        )
        k, j = np.unravel_index(beyond.argmax(), beyond.shape)
        chain, _ = rows[rollout.joint_names[j]]
        at = float(rollout.time[k])
        joints = {chain.side: tuple(chain.actuated)}
        wrists = robot.body is None and rollout.penetration[k, 1] > 0
        what = f"{rollout.joint_names[j]} past its stop"
        found.append(Fault(at, at, joints, wrists, what))
    return found


def _while_deep(depth: np.ndarray, time: np.ndarray) -> tuple[float, float]:
    """First and last time about the deepest overlap at which it is half as deep [s]."""
    at = int(depth.argmax())
    shallow = np.flatnonzero(depth < 0.5 * depth[at])
    before, after = shallow[shallow < at], shallow[shallow > at]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) - 1 if len(after) else len(depth) - 1
    return float(time[first]), float(time[last])


def shifted(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    fault: Fault,
    offsets: np.ndarray,
) -> BimanualTrajectory:
    """The trajectory with one bump, inside every limit.

    Args:
        trajectory: What it was.
        robot: Its robot.
        fault: When, and which joints.
        offsets: (D,) of the fault's joints in order [rad], then, if the wrists may move,
            of the left from the right one (3) [m].

    Raises:
        LimitViolation: It cannot be brought inside the limits.
    """
    time = trajectory.time_from_start
    shape = _bump(time, fault)
    hands, groups = dict(trajectory.hands), dict(trajectory.groups)
    start = 0
    for chain in robot.chains:
        names = fault.joints.get(chain.side, ())
        change = dict(zip(names, offsets[start : start + len(names)]))
        start += len(names)
        if not change:
            continue
        if chain.side in SIDES:
            part = hands[chain.side]
            if part is not None:
                hands[chain.side] = _bent(part, chain, change, shape)
            continue
        for group, part in groups.items():
            own = {
                joint: change[joint] for joint in part.joint_names if joint in change
            }
            if own:
                groups[group] = _bent(part, chain, own, shape)
    base = trajectory.T_world_base.copy()
    if fault.wrists:
        for k, sign in enumerate((0.5, -0.5)):
            base[:, k, 4:] += sign * shape[:, None] * offsets[-3:]
    return replace(trajectory, hands=hands, groups=groups, T_world_base=base)


def _bump(time: np.ndarray, fault: Fault) -> np.ndarray:
    """(T,) 1 over the fault, smoothly 0 from `RAMP` before and after."""
    away = np.maximum(np.maximum(fault.start - time, time - fault.stop), 0.0) / RAMP
    s = 1 - np.minimum(away, 1.0)
    # The ends of a trajectory are at rest; the bump leaves them where they are.
    near = np.minimum(np.minimum(time, time[-1] - time) / RAMP, 1.0)
    s = np.minimum(s, near)
    return s * s * (3 - 2 * s)


def _bent(
    part: JointTrajectory,
    chain: HandSpec,
    change: Mapping[str, float],
    shape: np.ndarray,
) -> JointTrajectory:
    """Some joints with a bump; by a B-spline that keeps box and speed limits."""
    whole = part.joint_names == chain.joint_names
    index = [chain.joint_names.index(name) for name in part.joint_names]
    driven = chain.actuated_index if whole else np.array(index)
    columns = driven if whole else np.arange(len(index))
    offset = np.array([change.get(chain.joint_names[i], 0.0) for i in driven])
    knots = part.positions[:, columns] + shape[:, None] * offset
    h = float(part.time_from_start[1] - part.time_from_start[0])
    lower, upper = chain.lower[driven], chain.upper[driven]
    points = np.clip(limits.control_points(knots[1:-1]), lower, upper)
    step = chain.velocity_limit[driven] * h * (1 - limits.SPEED_MARGIN)
    positions, velocities = limits.spline_knots(limits.slow_envelope(points, step), h)
    if whole:
        matrix, _ = chain.expansion
        positions, velocities = chain.expand(positions), velocities @ matrix.T
    low, high, speed = (
        chain.lower[index],
        chain.upper[index],
        chain.velocity_limit[index],
    )
    bent = replace(part, positions=np.clip(positions, low, high), velocities=velocities)
    bent.check_limits(low, high, speed)
    return bent


def _search(
    costs: Callable[[list[BimanualTrajectory]], np.ndarray],
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    fault: Fault,
    rng: np.random.Generator,
) -> tuple[BimanualTrajectory, float, float]:
    """The best of the candidates, and the cost before and after."""
    count = sum(len(names) for names in fault.joints.values())
    spread = np.full(count + 3 * fault.wrists, JOINT_SPREAD)
    if fault.wrists:
        spread[-3:] = WRIST_SPREAD
    mean = np.zeros(len(spread))
    before = float(costs([trajectory])[0])
    best, least = trajectory, before
    for _ in range(ROUNDS):
        if least == 0.0:
            break
        drawn = mean + spread * rng.standard_normal((POPULATION, len(spread)))
        made = []
        for offsets in drawn:
            try:
                made.append((offsets, shifted(trajectory, robot, fault, offsets)))
            except LimitViolation:
                continue
        if not made:
            break
        found = costs([candidate for _, candidate in made])
        order = np.argsort(found, kind="stable")
        if found[order[0]] < least:
            best, least = made[order[0]][1], float(found[order[0]])
        chosen = np.array([made[k][0] for k in order[:ELITE]])
        mean, spread = chosen.mean(0), chosen.std(0) + 0.1 * spread
    return best, before, least


def _carrying(
    robot: RobotSpec, ends: tuple[tuple[str, str], ...], between: bool
) -> dict[str, tuple[str, ...]]:
    """Driven joints of the fingers of a contact; with arms also theirs."""
    joints: dict[str, tuple[str, ...]] = {}
    for side, point in ends:
        hand = robot.hands[side]
        finger = hand.fingers.get(point.removesuffix("_tip"))
        own = tuple(j for j in finger.joints if j in hand.actuated) if finger else ()
        joints[side] = tuple(dict.fromkeys((*joints.get(side, ()), *own)))
    if between and robot.body is not None:
        joints[robot.body.chain.side] = _arms(robot)
    return joints


def _all_joints(robot: RobotSpec) -> dict[str, tuple[str, ...]]:
    """Every driven joint of the hands, and of the arms."""
    joints = {side: tuple(hand.actuated) for side, hand in robot.hands.items()}
    if robot.body is not None:
        joints[robot.body.chain.side] = _arms(robot)
    return joints


def _arms(robot: RobotSpec) -> tuple[str, ...]:
    """Joints of the body that are not locked."""
    if robot.body is None:
        return ()
    locked = {j for group in robot.body.locked for j in robot.body.groups[group]}
    return tuple(j for j in robot.body.chain.joint_names if j not in locked)
