"""`Rollout`: what the simulated hands really did (measured state, not commands)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.kinematics.contacts import ContactTrack

SCHEMA_VERSION = 2


@dataclass(frozen=True, eq=False)
class Rollout:
    """State of the simulation over time, sampled at control rate.

    Attributes:
        robot: Robot name.
        trajectory_sha256: Hash of the trajectory that was played.
        joint_names: J measured joints by wire name: hands, then waist and arms.
        time: (T,) [s].
        qpos, qvel: (T, nq), (T, nv) full MuJoCo state.
        joint_position, joint_velocity, joint_effort: (T, J) of these joints
            [rad, rad/s, N·m]; a coupled joint has effort 0, an arm's includes the
            weight it carries.
        wrist_force: (T, 2, 6) force [N] and torque [N·m] that drove each wrist in
            space, 0 where an arm carries the hand.
        ctrl: (T, nu) controls.
        commanded: (T, J) commanded joint positions [rad].
        T_world_base: (T, 2, 7) measured base poses wxyz_xyz.
        tips: (T, 2, 5, 3) measured fingertip points [m] in world (zeros where the
            robot lacks the finger).
        contacts: Measured contacts of the asked pairs.
        penetration: (T, 3) deepest overlap [m], ≥ 0, within a hand, between the hands,
            with or within arms and trunk.
        warnings: Solver warnings by name, with their counts.
    """

    robot: str
    trajectory_sha256: str
    joint_names: tuple[str, ...]
    time: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    joint_position: np.ndarray
    joint_velocity: np.ndarray
    joint_effort: np.ndarray
    wrist_force: np.ndarray
    ctrl: np.ndarray
    commanded: np.ndarray
    T_world_base: np.ndarray
    tips: np.ndarray
    contacts: ContactTrack
    penetration: np.ndarray
    warnings: Mapping[str, int] = field(default_factory=dict)

    _ARRAYS = (
        "time", "qpos", "qvel", "joint_position", "joint_velocity", "joint_effort",
        "wrist_force", "ctrl", "commanded", "T_world_base", "tips", "penetration",
    )  # fmt: skip

    def __post_init__(self) -> None:
        steps, joints = len(np.asarray(self.time)), len(self.joint_names)
        for name in self._ARRAYS:
            value = npz.frozen(getattr(self, name), float)
            if len(value) != steps:
                raise InputError("rollout", name, f"{len(value)} samples, not {steps}")
            if not np.isfinite(value).all():
                raise InputError("rollout", name, "NaN or infinity")
            wanted = name.startswith("joint_") or name == "commanded"
            if wanted and value.shape != (steps, joints):
                raise InputError(
                    "rollout", name, f"shape {value.shape}, not {(steps, joints)}"
                )
            object.__setattr__(self, name, value)
        if len(self.contacts) != steps:
            raise InputError("rollout", "contacts", f"needs {steps} samples")

    def save(self, path: str | Path) -> Path:
        """Write `rollout.npz` atomically."""
        arrays = {name: getattr(self, name) for name in self._ARRAYS}
        arrays |= {"contact_mask": self.contacts.mask, "contact_gap": self.contacts.gap}
        text: dict[str, Any] = {
            "robot": self.robot,
            "trajectory_sha256": self.trajectory_sha256,
            "joint_names": self.joint_names,
            "contact_pairs": self.contacts.pairs,
            "warnings": dict(self.warnings),
        }
        return npz.save(path, SCHEMA_VERSION, arrays, text)

    @classmethod
    def load(cls, path: str | Path) -> "Rollout":
        """Read a `rollout.npz`.

        Raises:
            InputError: Names the file and the field at fault.
        """
        reader = npz.Reader(path, "rollout", SCHEMA_VERSION)
        arrays = {name: reader.array(name) for name in cls._ARRAYS}
        try:
            return cls(
                robot=reader.json("robot", ""),
                trajectory_sha256=reader.json("trajectory_sha256", ""),
                joint_names=tuple(reader.json("joint_names", [])),
                contacts=ContactTrack(
                    tuple(reader.json("contact_pairs", [])),
                    reader.array("contact_mask", 2),
                    reader.array("contact_gap", 2),
                ),
                warnings=reader.json("warnings", {}),
                **arrays,
            )
        except InputError as error:
            if error.where == str(path):
                raise
            fix = error.fix or "validate the trajectory again"
            raise InputError(path, error.field, error.problem, fix) from None
