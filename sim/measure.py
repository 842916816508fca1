"""Measured quantities of a MuJoCo state: poses, tips, contacts, overlap."""

import numpy as np

from handx_gen.kinematics.contacts import CONTACT_GAP, ContactTrack, split_pair
from handx_gen.skeleton import FINGERS, SIDES
from sim.engine import mujoco
from sim.scene import Scene

FAR = 0.2
"""Gaps are measured up to this distance [m]; further apart reads as this."""

OVERLAPS = 3
"""Kinds of overlap: within a hand, between the hands, with or within arms and trunk."""


class Recorder:
    """Collects samples of a simulation and turns them into a `Rollout`'s arrays.

    Args:
        scene: The scene that is simulated.
        pairs: Contact pairs to measure; those of an absent hand or finger read `FAR`.

    Attributes:
        overlap: (3,) deepest overlaps seen since the last sample [m].
    """

    def __init__(self, scene: Scene, pairs: tuple[str, ...]) -> None:
        self.scene, self.pairs = scene, pairs
        geoms = [self._pair_geoms(pair) for pair in pairs]
        self._geoms = np.array([g for found in geoms for g in found], int).reshape(
            -1, 2
        )
        self._reach = scene.model.geom_rbound[self._geoms].sum(1)
        ends = np.cumsum([len(found) for found in geoms], dtype=int).tolist()
        self._part = [slice(a, b) for a, b in zip([0, *ends], ends)]
        self.overlap = np.zeros(OVERLAPS)
        self._columns: dict[str, list[np.ndarray]] = {
            name: []
            for name in (
                "time", "qpos", "qvel", "joint_position", "joint_velocity",
                "joint_effort", "wrist_force", "ctrl", "commanded", "T_world_base",
                "tips", "gap", "penetration",
            )
        }  # fmt: skip

    def _pair_geoms(self, pair: str) -> list[tuple[int, int]]:
        """Every (geom, geom) combination of the two points of a pair."""
        ends = [
            self.scene.hands[side].point_geoms.get(point, ())
            if side in self.scene.hands
            else ()
            for side, point in split_pair(pair)
        ]
        return [(a, b) for a in ends[0] for b in ends[1]]

    def see_contacts(self, data: mujoco.MjData) -> None:
        """Note the deepest overlaps of this physics step."""
        if data.ncon == 0:
            return
        contact = data.contact
        sides = self.scene.geom_side[contact.geom]  # (ncon, 2)
        depth = -contact.dist
        body = (sides < 0).any(1)
        within = ~body & (sides[:, 0] == sides[:, 1])
        for column, kind in enumerate((within, ~body & ~within, body)):
            deepest = depth[kind].max(initial=0.0)
            self.overlap[column] = max(self.overlap[column], deepest)

    def record(self, data: mujoco.MjData, time: float, commanded: np.ndarray) -> None:
        """Append one sample; `commanded` is (J,) [rad], in the order of the scene."""
        joints = np.concatenate([where.qpos for _, where in self.scene.parts])
        dofs = np.concatenate([where.dof for _, where in self.scene.parts])
        add = self._columns
        add["time"].append(np.float64(time))
        add["qpos"].append(data.qpos.copy())
        add["qvel"].append(data.qvel.copy())
        add["joint_position"].append(data.qpos[joints])
        add["joint_velocity"].append(data.qvel[dofs])
        add["joint_effort"].append(self._efforts(data))
        add["wrist_force"].append(self._wrist_force(data))
        add["ctrl"].append(data.ctrl.copy())
        add["commanded"].append(commanded)
        add["T_world_base"].append(base_poses(self.scene, data))
        add["tips"].append(tips(self.scene, data))
        add["gap"].append(self.gaps(data))
        add["penetration"].append(self.overlap.copy())
        self.overlap[:] = 0.0

    def _efforts(self, data: mujoco.MjData) -> np.ndarray:
        """(J,) motor torques [N·m]; 0 at coupled joints.

        An arm's motors carry the weight on them, which is part of their torque.
        """
        parts = []
        for chain, where in self.scene.parts:
            if where is self.scene.body:
                parts.append(data.qfrc_actuator[where.dof])
                continue
            effort = np.zeros(len(chain.joint_names))
            effort[chain.actuated_index] = data.actuator_force[where.force]
            parts.append(effort)
        return np.concatenate(parts)

    def _wrist_force(self, data: mujoco.MjData) -> np.ndarray:
        """(2, 6) force [N] and torque [N·m] of the driven wrists; 0 where there is none."""
        force = np.zeros((len(SIDES), 6))
        for side, hand in self.scene.hands.items():
            if hand.base_force.size:
                force[SIDES.index(side)] = data.actuator_force[hand.base_force]
        return force

    def gaps(self, data: mujoco.MjData) -> np.ndarray:
        """(P,) surface gap of every pair [m], at most `FAR`.

        Bounding spheres say which geoms of a pair can be nearer than those measured.
        """
        a, b = self._geoms.T
        offset = data.geom_xpos[a] - data.geom_xpos[b]
        least = np.sqrt((offset**2).sum(1)) - self._reach
        return np.array(
            [self._nearest(data, least[p], self._geoms[p]) for p in self._part], float
        )

    def _nearest(
        self, data: mujoco.MjData, least: np.ndarray, geoms: np.ndarray
    ) -> float:
        """Smallest gap among (K, 2) geoms, given (K,) lower bounds [m]."""
        found = FAR
        for row in least.argsort().tolist():
            if least[row] >= found:
                break
            gap = mujoco.mj_geomDistance(
                self.scene.model, data, *geoms[row].tolist(), FAR, None
            )
            found = min(found, gap)
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """The samples so far, stacked; all keys of `Rollout._ARRAYS`."""
        return {
            name: np.stack(column)
            for name, column in self._columns.items()
            if name != "gap"
        }

    def contacts(self) -> ContactTrack:
        """Measured contacts of the asked pairs."""
        gap = np.stack(self._columns["gap"])
        return ContactTrack(self.pairs, gap <= CONTACT_GAP, gap)


def base_poses(scene: Scene, data: mujoco.MjData) -> np.ndarray:
    """(2, 7) poses of the URDF roots, wxyz_xyz; identity for an absent hand."""
    poses = np.zeros((len(SIDES), 7))
    poses[:, 0] = 1.0
    for side, hand in scene.hands.items():
        poses[SIDES.index(side), :4] = data.xquat[hand.base_body]
        poses[SIDES.index(side), 4:] = data.xpos[hand.base_body]
    return poses


def tips(scene: Scene, data: mujoco.MjData) -> np.ndarray:
    """(2, 5, 3) fingertip points in world [m]; zeros where there is none."""
    points = np.zeros((len(SIDES), len(FINGERS), 3))
    for side, hand in scene.hands.items():
        has = hand.tip_bodies >= 0
        points[SIDES.index(side), has] = data.xpos[hand.tip_bodies[has]]
    return points
