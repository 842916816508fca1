"""`Film`: moments of a rollout, drawn by MuJoCo or, without GL, by `Painter`.

What is shown is the measured state. Fingertips and palms take the colour of their
contact (`sim.heat`).
"""

import numpy as np

from handx_gen.skeleton import SIDES
from robots.robot import RobotSpec
from robots.rotations import from_rpy
from sim.camera import Camera, frame_points
from sim.engine import mujoco
from sim.gl import WITHOUT_GL, Renderer
from sim.heat import PALM_SHARE, POINTS, check_state, contact_heat, heat_colour
from sim.painter import Painter
from sim.rollout import Rollout
from sim.rounded import RoundedBoxes
from sim.scene import BODY, JOINT_GROUP, SOLID_GROUP, Scene, build_scene
from sim.solids import named_boxes
from sim.stage import geom_colours, place_stage

SIZE = (640, 480)
"""Width and height of a video [pixels]."""

FRAME_RATE = 30
"""Frames per second of a video [Hz]."""


class Film:
    """Draws moments of one rollout, all from the same camera.

    Args:
        rollout: What happened.
        robot: Its robot.
        size: Width and height [pixels].

    Attributes:
        duration: Time of the last moment [s].
        note: One line if GL is missing, else "".

    Raises:
        SimulationError: The rollout's state is not one of this robot.
    """

    def __init__(
        self, rollout: Rollout, robot: RobotSpec, size: tuple[int, int] = SIZE
    ) -> None:
        self._rollout = rollout
        self._scene = rollout_scene(rollout, robot)
        self._data = mujoco.MjData(self._scene.model)
        self._colours = scene_colours(self._scene)
        self._heat = contact_heat(rollout, self._scene)
        camera = self._frame(size)
        self.duration = float(rollout.time[-1])
        self.note = ""
        self._renderer: Renderer | None = None
        self._painter: Painter | None = None
        try:
            self._renderer = Renderer(self._scene.model, camera, size)
        # Every GL platform fails in its own way; all of them mean: no GL here.
        except Exception:
            floor = float(self._scene.model.geom("floor").pos[2])
            self._painter = Painter(camera, size, floor)
            self.note = WITHOUT_GL

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._renderer is not None:
            self._renderer.close()

    def picture(self, time: float) -> np.ndarray:
        """(height, width, 3) uint8 at `time` [s]: the nearest sample.

        The heat is the hottest of the frame's share of time, lest a short touch fall
        between two frames.
        """
        index = int(np.abs(self._rollout.time - time).argmin())
        now = float(self._rollout.time[index])
        start, stop = np.searchsorted(
            self._rollout.time, now + np.array([-0.5, 0.5]) / FRAME_RATE
        )
        heat = self._heat.over(int(start), max(int(stop), index + 1))
        colours = heated(self._scene, self._colours, heat)
        self._data.qpos[:] = self._rollout.qpos[index]
        if self._renderer is not None:
            self._scene.model.geom_rgba[:, :3] = colours
            return self._renderer.draw(self._data)
        return self._paint(colours)

    def _frame(self, size: tuple[int, int]) -> Camera:
        """Camera that suits the whole rollout; the stage is put around it, too.

        Of a robot with arms all is in the picture that carries the hands.
        """
        model, data = self._scene.model, self._data
        shown = sorted(
            set().union(
                *finger_geoms(self._scene).values(),
                *(hand.point_geoms["palm"] for hand in self._scene.hands.values()),
                body_geoms(model),
            )
        )
        points = []
        for qpos in self._rollout.qpos[:: max(1, len(self._rollout.qpos) // 60)]:
            data.qpos[:] = qpos
            mujoco.mj_kinematics(model, data)
            reach = model.geom_rbound[shown][:, None]
            points += [data.geom_xpos[shown] - reach, data.geom_xpos[shown] + reach]
        cloud = np.concatenate(points)
        place_stage(model, cloud.min(0), cloud.max(0))
        return frame_points(cloud, size[0] / size[1])

    def _paint(self, colours: np.ndarray) -> np.ndarray:
        """The state in `self._data`, by `Painter`."""
        model, data = self._scene.model, self._data
        assert self._painter is not None
        mujoco.mj_kinematics(model, data)
        drawn = np.isin(model.geom_group, (SOLID_GROUP, JOINT_GROUP))
        geoms = np.flatnonzero(drawn & (model.geom_type != mujoco.mjtGeom.mjGEOM_MESH))
        radius = model.geom_size[geoms, 0]
        capsule = model.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_CAPSULE
        half = np.where(capsule, model.geom_size[geoms, 1], 0.0)[:, None]
        centre = data.geom_xpos[geoms]
        axis = data.geom_xmat[geoms].reshape(-1, 3, 3)[:, :, 2] * half
        return self._painter.draw(
            centre - axis, centre + axis, radius, colours[geoms],
            _boxes(self._scene, data, colours),
        )  # fmt: skip


def _boxes(scene: Scene, data: mujoco.MjData, colours: np.ndarray) -> RoundedBoxes:
    """The scene's rounded boxes in the state of `data`, in colours (ngeom, 3)."""
    rows = []
    for chain, _ in scene.parts:
        for name, box in named_boxes(chain):
            body = data.body(f"{chain.side}_{box.link}")
            turn = body.xmat.reshape(3, 3)
            rows.append((
                body.xpos + turn @ box.centre, turn @ from_rpy(box.rpy),
                box.half, box.radius,
                colours[scene.model.geom(f"{chain.side}_{name}").id],
            ))  # fmt: skip
    return RoundedBoxes.of(rows)


def body_geoms(model: mujoco.MjModel) -> set[int]:
    """What collides of a robot's trunk, head and arms; none for hands on their own."""
    names = [model.body(body).name for body in model.geom_bodyid]
    solids = model.geom_group == SOLID_GROUP
    return {
        geom
        for geom, name in enumerate(names)
        if solids[geom] and name.startswith(f"{BODY}_")
    }


def rollout_scene(rollout: Rollout, robot: RobotSpec) -> Scene:
    """The scene a rollout happened in, with the hands that it measured.

    Raises:
        SimulationError: The rollout's state is not one of this robot.
    """
    sides = tuple(
        side
        for side in SIDES
        if side in robot.hands
        and set(robot.hands[side].wire_names) <= set(rollout.joint_names)
    )
    scene = build_scene(robot, sides)
    check_state(rollout, scene)
    return scene


def scene_colours(scene: Scene) -> np.ndarray:
    """(ngeom, 3) colours of the hands without heat."""
    points = {side: dict(hand.point_geoms) for side, hand in scene.hands.items()}
    return geom_colours(scene.model, scene.geom_side, points, finger_geoms(scene))


def heated(scene: Scene, colours: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """(ngeom, 3) colours with fingertips and palms in the colour of their contact.

    Args:
        scene: The scene.
        colours: (ngeom, 3) without heat.
        heat: (2, 6) of `sim.heat.POINTS`, 0…2.
    """
    shown = colours.copy()
    for side, hand in scene.hands.items():
        for point, geoms in hand.point_geoms.items():
            hot = heat[SIDES.index(side), POINTS.index(point)]
            share = PALM_SHARE if point == "palm" else 1.0
            for geom in geoms:
                own = colours[geom]
                shown[geom] = own + share * (heat_colour(own, hot) - own)
    return shown


def finger_geoms(scene: Scene) -> dict[str, set[int]]:
    """Side → geoms on the links of its fingers."""
    model = scene.model
    found = {}
    for side in scene.sides:
        links = {
            model.body(f"{side}_{link}").id
            for finger in scene.robot.hands[side].fingers.values()
            for link in finger.links
        }
        found[side] = {g for g in range(model.ngeom) if model.geom_bodyid[g] in links}
    return found
