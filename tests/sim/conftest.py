"""Robots and trajectories to simulate: made by hand, and from text by the whole road."""

from collections.abc import Callable

import numpy as np
import pytest

from handx_gen.kinematics.contacts import PAIRS, ContactTrack
from handx_gen.skeleton import SIDES
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots import RobotSpec, load_robot

ROBOTS = ("shadow", "inspire")
SCENES = (
    *ROBOTS, "allegro", "leap", "dex3", "g1-inspire", "g1-dex3", "shadow+inspire",
)  # fmt: skip
RATE = 60.0
Make = Callable[..., BimanualTrajectory]


def smooth_steps(knots: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """(K, ...) poses → positions and velocities that rest at each of them."""
    count = round((len(knots) - 1) * seconds * RATE) + 1
    s = np.arange(count) / RATE / seconds
    k = np.minimum(s.astype(int), len(knots) - 2)
    s = (s - k).reshape(-1, *[1] * (knots.ndim - 1))
    blend = 10 * s**3 - 15 * s**4 + 6 * s**5
    rate = (30 * s**2 - 60 * s**3 + 30 * s**4) / seconds
    step = knots[k + 1] - knots[k]
    return knots[k] + blend * step, rate * step


@pytest.fixture(scope="session", params=ROBOTS)
def robot(request: pytest.FixtureRequest) -> RobotSpec:
    """Each shipped robot."""
    return load_robot(request.param)


@pytest.fixture(scope="session", params=SCENES)
def any_robot(request: pytest.FixtureRequest) -> RobotSpec:
    """Each shipped robot, those with arms too, and two put together."""
    return load_robot(request.param)


@pytest.fixture(scope="session")
def g1() -> RobotSpec:
    return load_robot("g1-dex3")


@pytest.fixture(scope="session")
def shadow() -> RobotSpec:
    return load_robot("shadow")


@pytest.fixture(scope="session")
def wander() -> Make:
    """A slow walk between random poses, hands apart, with targets it exactly meets."""

    def make(
        robot: RobotSpec,
        seed: int = 0,
        reach: float = 0.25,
        seconds: float = 1.5,
        sides: tuple[str, ...] = SIDES,
    ) -> BimanualTrajectory:
        rng = np.random.default_rng(seed)
        time = np.arange(round(3 * seconds * RATE) + 1) / RATE
        hands: dict[str, JointTrajectory | None] = dict.fromkeys(SIDES)
        for side in sides:
            hand = robot.hands[side]
            index = hand.actuated_index
            rest = hand.rest_pose[index]
            goal = rng.uniform(hand.lower[index], hand.upper[index], (2, len(index)))
            knots = hand.expand(np.vstack([rest, rest + reach * (goal - rest), rest]))
            positions, velocities = smooth_steps(knots, seconds)
            hands[side] = JointTrajectory(hand.joint_names, positions, velocities, time)
        base = np.zeros((4, 2, 7))
        base[..., 0] = 1.0
        base[:, 0, 4:], base[:, 1, 4:] = (0.0, 0.25, 1.0), (0.0, -0.25, 1.0)
        base[1:-1, :, 4:] += rng.uniform(-0.05, 0.05, (2, 2, 3))
        poses, _ = smooth_steps(base, seconds)
        steps = len(time)
        nothing = ContactTrack(
            PAIRS,
            np.zeros((steps, len(PAIRS)), bool),
            np.full((steps, len(PAIRS)), 0.2),
        )
        groups = {}
        if robot.body is not None:
            chain = robot.body.chain
            # Arms bent to the front, far from limits and from the trunk.
            bent = [0.3 * name.endswith("elbow_joint") for name in chain.joint_names]
            front = chain.rest_pose + bent
            sway = rng.uniform(-0.1, 0.1, (2, len(front)))
            knots = np.vstack([front, front + sway, front])
            positions, velocities = smooth_steps(knots, seconds)
            for name, joints in robot.groups.items():
                at = [chain.joint_names.index(joint) for joint in joints]
                groups[name] = JointTrajectory(
                    joints, positions[:, at], velocities[:, at], time
                )
        return BimanualTrajectory(
            robot.name, robot.sha256, hands, poses, time, nothing,
            np.zeros((steps, 2, 5, 3)), np.zeros((steps, 2), bool), groups,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def from_text() -> Callable[[str, RobotSpec], BimanualTrajectory]:
    """Text → trajectory by the procedural teacher and the retargeting, made once."""
    made: dict[tuple[str, str], BimanualTrajectory] = {}

    def make(text: str, robot: RobotSpec) -> BimanualTrajectory:
        from handx_gen.procedural import perform
        from retarget import retarget_motion

        if (text, robot.name) not in made:
            made[text, robot.name] = retarget_motion(perform(text), robot)[0]
        return made[text, robot.name]

    return make
