"""`JointTrajectory` and `BimanualTrajectory`: what the robot is told to do.

One interpolant is used by the simulator, the player and the guard: the cubic Hermite
spline through (position, velocity) knots, which is also what a ROS 2
joint_trajectory_controller makes of positions with velocities. Limits are therefore
checked where that spline has its extrema, not only at the knots.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import ContactTrack
from handx_gen.skeleton import SIDES
from retarget.errors import LimitViolation
from retarget.spline import hermite, spline_extrema

SCHEMA_VERSION = 1
POSITION_TOLERANCE = 1e-9
"""Rounding that is forgiven when limits are checked [rad]."""
VELOCITY_TOLERANCE = 1e-6
"""The same for velocities [rad/s]."""


@dataclass(frozen=True, eq=False)
class JointTrajectory:
    """Joint positions and velocities over time.

    Attributes:
        joint_names: n names (canonical order of the hand).
        positions, velocities: (T, n) [rad, rad/s].
        time_from_start: (T,) [s], strictly increasing, from 0.

    Raises:
        InputError: Shapes disagree, NaN, time not increasing, names repeated, or the
            trajectory does not start and end at rest.
    """

    joint_names: tuple[str, ...]
    positions: np.ndarray
    velocities: np.ndarray
    time_from_start: np.ndarray

    def __post_init__(self) -> None:
        names = tuple(self.joint_names)
        time = npz.frozen(self.time_from_start, float)
        positions = npz.frozen(self.positions, float)
        velocities = npz.frozen(self.velocities, float)
        shape = (len(time), len(names))
        where = "trajectory"
        if len(set(names)) != len(names):
            raise InputError(where, "joint_names", "a name is repeated")
        if time.ndim != 1 or len(time) < 2:
            raise InputError(where, "time_from_start", "needs at least two samples")
        for name, value in (("positions", positions), ("velocities", velocities)):
            if value.shape != shape:
                raise InputError(where, name, f"shape {value.shape}, expected {shape}")
            if not np.isfinite(value).all():
                raise InputError(where, name, "NaN or infinity")
        if not np.isfinite(time).all() or time[0] != 0 or (np.diff(time) <= 0).any():
            raise InputError(
                where, "time_from_start", "must start at 0 and increase strictly"
            )
        if np.abs(velocities[[0, -1]]).max(initial=0.0) > VELOCITY_TOLERANCE:
            raise InputError(
                where, "velocities", "must be 0 at the first and at the last sample"
            )
        object.__setattr__(self, "joint_names", names)
        object.__setattr__(self, "time_from_start", time)
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "velocities", velocities)

    def __len__(self) -> int:
        return len(self.time_from_start)

    @property
    def duration(self) -> float:
        """Time of the last sample [s]."""
        return float(self.time_from_start[-1])

    def sample(self, t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Positions and velocities at times `t`, held before the start and after the end.

        Args:
            t: () or (Q,) [s].

        Returns:
            Two arrays (..., n) [rad, rad/s].
        """
        t = np.asarray(t, float)
        return hermite(self.time_from_start, self.positions, self.velocities, t)

    def extrema(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per segment, the spline's lowest and highest position and top speed.

        Returns:
            (T−1, n) lowest [rad], (T−1, n) highest [rad], (T−1, n) largest |velocity|
            [rad/s].
        """
        return spline_extrema(self.time_from_start, self.positions, self.velocities)

    def check_limits(
        self, lower: np.ndarray, upper: np.ndarray, velocity: np.ndarray
    ) -> None:
        """Raise if the spline leaves the limits anywhere, between knots included.

        Args:
            lower: (n,) [rad].
            upper: (n,) [rad].
            velocity: (n,) [rad/s].

        Raises:
            LimitViolation: Names the worst joint, value and time.
        """
        lowest, highest, speed = self.extrema()
        checks = (
            ("position", lower - lowest, lowest, lower, upper, POSITION_TOLERANCE),
            ("position", highest - upper, highest, lower, upper, POSITION_TOLERANCE),
            (
                "velocity",
                speed - velocity,
                speed,
                -velocity,
                velocity,
                VELOCITY_TOLERANCE,
            ),
        )
        for quantity, excess, value, low, high, tolerance in checks:
            if excess.size and excess.max() > tolerance:
                k, j = np.unravel_index(excess.argmax(), excess.shape)
                raise LimitViolation(
                    self.joint_names[j], quantity, float(value[k, j]),
                    float(low[j]), float(high[j]), float(self.time_from_start[k]),
                )  # fmt: skip


@dataclass(frozen=True, eq=False)
class BimanualTrajectory:
    """One robot's two hands over time: all that `validate` and `stream` need.

    Attributes:
        robot: Robot name.
        robot_sha256: Hash of the robot's folder when this was made.
        hands: "left"/"right" → its `JointTrajectory` or None; all present hands share
            `time_from_start`.
        groups: Further joint groups (arms, waist), name → `JointTrajectory`.
        T_world_base: (T, 2, 7) pose of each hand's URDF root, quaternion wxyz then
            xyz [m], world frame REP 103 (x forward, y left, z up).
        source_time: (T,) time in the human motion of each sample [s].
        asked_contacts: Contacts of the human motion at this trajectory's samples.
        tip_targets: (T, 2, 5, 3) fingertip targets [m] in world, fingers in
            `skeleton.FINGERS` order; only meaningful for fingers the robot has.
        saturated: (T, 2) bool, the velocity limit held this hand back.
        provenance: Text, model, seed, options of the stages before.
    """

    robot: str
    robot_sha256: str
    hands: Mapping[str, JointTrajectory | None]
    T_world_base: np.ndarray
    source_time: np.ndarray
    asked_contacts: ContactTrack
    tip_targets: np.ndarray
    saturated: np.ndarray
    groups: Mapping[str, JointTrajectory] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = "trajectory"
        present = [hand for hand in self.hands.values() if hand is not None]
        if set(self.hands) != set(SIDES) or not present:
            raise InputError(
                where, "hands", "needs 'left' and 'right', one may be None"
            )
        time = present[0].time_from_start
        for part in (*present, *self.groups.values()):
            if not np.array_equal(part.time_from_start, time):
                raise InputError(where, "time_from_start", "differs between the parts")
        steps = len(time)
        for name, shape in (
            ("T_world_base", (steps, 2, 7)),
            ("source_time", (steps,)),
            ("tip_targets", (steps, 2, 5, 3)),
            ("saturated", (steps, 2)),
        ):
            dtype = bool if name == "saturated" else float
            value = npz.frozen(getattr(self, name), dtype)
            if value.shape != shape:
                raise InputError(where, name, f"shape {value.shape}, expected {shape}")
            if not np.isfinite(value).all():
                raise InputError(where, name, "NaN or infinity")
            object.__setattr__(self, name, value)
        norms = np.linalg.norm(self.T_world_base[..., :4], axis=-1)
        if np.abs(norms - 1).max() > 1e-6:
            raise InputError(
                where, "T_world_base", "a quaternion is not of unit length"
            )
        if len(self.asked_contacts) != steps:
            raise InputError(where, "asked_contacts", f"needs {steps} samples")

    @property
    def time_from_start(self) -> np.ndarray:
        """(T,) [s], shared by all parts."""
        return next(h for h in self.hands.values() if h is not None).time_from_start

    @property
    def duration(self) -> float:
        """Time of the last sample [s]."""
        return float(self.time_from_start[-1])

    @property
    def stretch(self) -> float:
        """How many times longer than the human motion this takes."""
        human = float(self.source_time[-1] - self.source_time[0])
        return self.duration / human if human > 0 else 1.0

    def sample_base(self, t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Base poses and their rates at times `t`.

        Poses are Hermite-interpolated component by component with finite-difference
        slopes, at rest at both ends; quaternions are then normalised.

        Returns:
            (..., 2, 7) poses wxyz_xyz and (..., 2, 7) their time derivatives.
        """
        time, steps = self.time_from_start, len(self.time_from_start)
        poses = continuous_quaternions(self.T_world_base).reshape(steps, 14)
        slopes = np.zeros_like(poses)
        slopes[1:-1] = (poses[2:] - poses[:-2]) / (time[2:] - time[:-2])[:, None]
        t = np.asarray(t, float)
        value, rate = hermite(time, poses, slopes, t)
        value, rate = (x.reshape(*t.shape, 2, 7).copy() for x in (value, rate))
        norm = np.linalg.norm(value[..., :4], axis=-1, keepdims=True)
        quaternion = value[..., :4] / norm
        along = (quaternion * rate[..., :4]).sum(-1, keepdims=True)
        rate[..., :4] = (rate[..., :4] - quaternion * along) / norm
        value[..., :4] = quaternion
        return value, rate

    def sha256(self) -> str:
        """Hash of everything that moves the robot; binds a report to these arrays."""
        digest = hashlib.sha256(f"{self.robot}|{self.robot_sha256}".encode())
        parts = [(side, self.hands[side]) for side in SIDES] + sorted(
            self.groups.items()
        )
        for name, part in parts:
            digest.update(name.encode())
            if part is not None:
                digest.update("|".join(part.joint_names).encode())
                for array in (part.positions, part.velocities, part.time_from_start):
                    digest.update(np.ascontiguousarray(array, "<f8").tobytes())
        digest.update(np.ascontiguousarray(self.T_world_base, "<f8").tobytes())
        digest.update("|".join(self.asked_contacts.pairs).encode())
        digest.update(np.ascontiguousarray(self.asked_contacts.mask).tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> Path:
        """Write `trajectory.npz` atomically."""
        arrays: dict[str, np.ndarray] = {
            "time_from_start": self.time_from_start,
            "T_world_base": self.T_world_base,
            "source_time": self.source_time,
            "tip_targets": self.tip_targets,
            "saturated": self.saturated,
            "contact_mask": self.asked_contacts.mask,
            "contact_gap": self.asked_contacts.gap,
        }
        parts = {f"hand_{s}": h for s, h in self.hands.items() if h is not None}
        parts |= {f"group_{name}": part for name, part in self.groups.items()}
        for name, part in parts.items():
            arrays[f"{name}_positions"] = part.positions
            arrays[f"{name}_velocities"] = part.velocities
        text = {
            "robot": self.robot,
            "robot_sha256": self.robot_sha256,
            "contact_pairs": self.asked_contacts.pairs,
            "joint_names": {name: part.joint_names for name, part in parts.items()},
            "provenance": self.provenance,
        }
        return npz.save(path, SCHEMA_VERSION, arrays, text)

    @classmethod
    def load(cls, path: str | Path) -> "BimanualTrajectory":
        """Read a `trajectory.npz`.

        Raises:
            InputError: Names the file and the field at fault.
        """
        reader = npz.Reader(path, "trajectory", SCHEMA_VERSION)
        names = reader.json("joint_names", {})
        if not isinstance(names, dict) or not names:
            raise InputError(path, "joint_names", "missing", "give a trajectory.npz")
        try:
            parts = {
                part: JointTrajectory(
                    tuple(joints),
                    reader.array(f"{part}_positions", 2),
                    reader.array(f"{part}_velocities", 2),
                    reader.array("time_from_start", 1),
                )
                for part, joints in names.items()
            }
            return cls(
                str(reader.json("robot", "")),
                str(reader.json("robot_sha256", "")),
                {side: parts.get(f"hand_{side}") for side in SIDES},
                reader.array("T_world_base", 3),
                reader.array("source_time", 1),
                ContactTrack(
                    tuple(reader.json("contact_pairs", [])),
                    reader.array("contact_mask", 2),
                    reader.array("contact_gap", 2),
                ),
                reader.array("tip_targets", 4),
                reader.array("saturated", 2),
                {k[6:]: v for k, v in parts.items() if k.startswith("group_")},
                reader.json("provenance", {}),
            )
        except InputError as error:
            if error.where == str(path):
                raise
            fix = error.fix or "retarget the motion again"
            raise InputError(path, error.field, error.problem, fix) from None


def continuous_quaternions(poses: np.ndarray) -> np.ndarray:
    """(T, ..., 7) wxyz_xyz with quaternion signs chosen so that none jumps in time."""
    poses = np.array(poses, float)
    dots = (poses[1:, ..., :4] * poses[:-1, ..., :4]).sum(-1)
    flips = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    poses[1:, ..., :4] *= flips[..., None]
    return poses
