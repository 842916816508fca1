"""`Episode`: a run sampled at a steady rate, in the features that a policy learns from."""

from dataclasses import dataclass

import numpy as np

from handx.export.run_folder import RunRecord
from handx_gen.kinematics.contacts import PAIRS
from handx_gen.skeleton import JOINTS, SIDES
from retarget.trajectory import continuous_quaternions
from sim.film import rollout_scene
from sim.heat import POINTS, contact_heat

BASE_NAMES = ("qw", "qx", "qy", "qz", "x", "y", "z")


@dataclass(frozen=True)
class Feature:
    """One column of a data set.

    Attributes:
        values: (T, …), one row per frame.
        names: What the last axes hold; None where the feature's name says it.
    """

    values: np.ndarray
    names: list[str] | dict[str, list[str]] | None = None


@dataclass(frozen=True)
class Episode:
    """One run as frames.

    Attributes:
        task: What was asked, in words.
        features: Name → feature; all have the same number of frames.
        trajectory_sha256: Tells runs apart.
    """

    task: str
    features: dict[str, Feature]
    trajectory_sha256: str

    def __len__(self) -> int:
        return len(next(iter(self.features.values())).values)


def frame_times(run: RunRecord, fps: int) -> np.ndarray:
    """(T,) moments of the episode's frames [s], from 0."""
    return np.arange(int(float(run.rollout.time[-1]) * fps + 1e-6) + 1) / fps


def episode(run: RunRecord, fps: int) -> Episode:
    """Sample a run.

    observation.state is measured: joints [rad], then, where no arm carries them, each
    hand's base pose (wxyz, xyz [m]). action is what was commanded at the same moment, in
    the same order.
    observation.human_joints is the human motion at that moment in the robot's world [m].
    observation.contact says which of the named pairs touch (0 or 1), and
    observation.contact_force how hard each fingertip and palm is pressed [N].
    tracking_error is the RMS of the joints' errors [rad]; success is the run's verdict.

    Args:
        run: The run.
        fps: Frames per second [Hz].
    """
    rollout, trajectory = run.rollout, run.trajectory
    times = frame_times(run, fps)

    def at(values: np.ndarray, clock: np.ndarray, when: np.ndarray) -> np.ndarray:
        flat = values.reshape(len(values), -1).astype(float)
        columns = [np.interp(when, clock, column) for column in flat.T]
        return np.stack(columns, 1).reshape(len(when), *values.shape[1:])

    scene = rollout_scene(rollout, run.robot)
    sides = scene.sides if scene.body is None else ()
    hands = [SIDES.index(side) for side in sides]
    measured = at(continuous_quaternions(rollout.T_world_base), rollout.time, times)
    measured[..., :4] /= np.linalg.norm(measured[..., :4], axis=-1, keepdims=True)
    # The sign that the measured quaternion has, lest the two differ by a turn.
    commanded = trajectory.sample_base(times)[0]
    same = (commanded[..., :4] * measured[..., :4]).sum(-1, keepdims=True) >= 0
    commanded[..., :4] = np.where(same, commanded[..., :4], -commanded[..., :4])
    joints = at(rollout.joint_position, rollout.time, times)
    targets = at(rollout.commanded, rollout.time, times)
    moments = np.interp(times, trajectory.time_from_start, trajectory.source_time)
    human = at(run.human_joints, run.motion.time, moments)
    human *= run.motion.present[:, None, None]
    nearest = np.abs(rollout.time[None] - times[:, None]).argmin(1)
    contact = np.zeros((len(times), len(PAIRS)))
    for column, pair in enumerate(rollout.contacts.pairs):
        if pair in PAIRS:
            contact[:, PAIRS.index(pair)] = rollout.contacts.mask[nearest, column]
    force = contact_heat(rollout, scene).force[nearest].reshape(len(times), -1)
    state_names = [
        *rollout.joint_names,
        *(f"{side}_base_{name}" for side in sides for name in BASE_NAMES),
    ]

    def state(position: np.ndarray, base: np.ndarray) -> np.ndarray:
        return np.concatenate([position, base[:, hands].reshape(len(times), -1)], 1)

    error = np.sqrt(((joints - targets) ** 2).mean(1))
    features = {
        "observation.state": Feature(state(joints, measured), state_names),
        "action": Feature(state(targets, commanded), state_names),
        "observation.human_joints": Feature(
            human,
            {"side": list(SIDES), "joint": list(JOINTS), "axis": list("xyz")},
        ),
        "observation.contact": Feature(contact, list(PAIRS)),
        "observation.contact_force": Feature(
            force, [f"{side}.{point}" for side in SIDES for point in POINTS]
        ),
        "tracking_error": Feature(error[:, None]),
        "success": Feature(np.full((len(times), 1), run.report.passed)),
    }
    for name, feature in features.items():
        kind = bool if name == "success" else np.float32
        features[name] = Feature(feature.values.astype(kind), feature.names)
    return Episode(run.text or "move both hands", features, trajectory.sha256())
