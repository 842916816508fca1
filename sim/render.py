"""Videos and film strips of a rollout, drawn by MuJoCo or, without GL, by `Painter`.

What is shown is the measured state. Fingertips and palms light up while they touch each
other.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handx_gen.kinematics.contacts import split_pair
from handx_gen.npz import atomic_path
from handx_gen.skeleton import SIDES
from robots.robot import RobotSpec
from sim.camera import FIELD_OF_VIEW, Camera, frame_points
from sim.engine import GL_PACKAGES, mujoco
from sim.painter import Painter
from sim.rollout import Rollout
from sim.scene import CAPSULE_GROUP, JOINT_GROUP, LINK_GROUP, Scene, build_scene
from sim.stage import CONTACT_COLOUR, SIDE_COLOURS, geom_colours, place_stage

SIZE = (640, 480)
"""Width and height of a video [pixels]."""

FRAME_RATE = 30
"""Frames per second of a video [Hz]."""

WITHOUT_GL = (
    "No GL library was found, so the pictures were drawn without it; for rendered ones: "
    f"apt install {GL_PACKAGES}"
)

Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(nq,) state, (ngeom, 3) colours → (height, width, 3) uint8."""


class Film:
    """Draws moments of one rollout, all from the same camera.

    Args:
        rollout: What happened.
        robot: Its robot.
        size: Width and height [pixels].

    Attributes:
        note: One line if GL is missing, else "".
    """

    def __init__(
        self, rollout: Rollout, robot: RobotSpec, size: tuple[int, int] = SIZE
    ) -> None:
        sides = tuple(
            side
            for side in SIDES
            if side in robot.hands
            and set(robot.hands[side].wire_names) <= set(rollout.joint_names)
        )
        self._rollout = rollout
        self._scene = build_scene(robot, sides)
        self._data = mujoco.MjData(self._scene.model)
        self._colours = geom_colours(
            self._scene.model, self._scene.geom_side,
            {side: dict(hand.point_geoms) for side, hand in self._scene.hands.items()},
            _finger_geoms(self._scene),
        )  # fmt: skip
        self._camera = self._frame(size)
        self._renderer: mujoco.Renderer | None = None
        self.note = ""
        try:
            self._draw = self._gl(size)
        # Every GL platform fails in its own way; all of them mean: no GL here.
        except Exception:
            self._draw = self._no_gl(size)
            self.note = WITHOUT_GL

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._renderer is not None:
            self._renderer.close()

    def picture(self, time: float) -> np.ndarray:
        """(height, width, 3) uint8 at `time` [s], the nearest sample."""
        index = int(np.abs(self._rollout.time - time).argmin())
        colours = self._colours.copy()
        contacts = self._rollout.contacts
        for pair, on in zip(contacts.pairs, contacts.mask[index]):
            for side, point in split_pair(pair) if on else ():
                hand = self._scene.hands.get(side)
                lit = hand.point_geoms.get(point, ()) if hand else ()
                # A palm is large: it only takes on a tint.
                share = 0.4 if point == "palm" else 1.0
                for geom in lit:
                    own = self._colours[geom]
                    colours[geom] = own + share * (np.array(CONTACT_COLOUR) - own)
        return self._draw(self._rollout.qpos[index], colours)

    def _frame(self, size: tuple[int, int]) -> Camera:
        """Camera that suits the whole rollout; the stage is put around it, too."""
        model, data = self._scene.model, self._data
        shown = sorted(
            set().union(
                *_finger_geoms(self._scene).values(),
                *(hand.point_geoms["palm"] for hand in self._scene.hands.values()),
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

    def _gl(self, size: tuple[int, int]) -> Draw:
        """Drawing by MuJoCo; raises whatever the GL platform raises."""
        model, data = self._scene.model, self._data
        model.vis.global_.fovy = FIELD_OF_VIEW
        model.vis.global_.offwidth, model.vis.global_.offheight = size
        self._renderer = renderer = mujoco.Renderer(model, size[1], size[0])
        camera, options = mujoco.MjvCamera(), mujoco.MjvOption()
        camera.type = mujoco.mjtCamera.mjCAMERA_FREE
        camera.lookat[:] = self._camera.lookat
        camera.distance = self._camera.distance
        camera.azimuth, camera.elevation = self._camera.azimuth, self._camera.elevation
        # A URDF with visuals is shown by them, one without by its capsules.
        options.geomgroup[LINK_GROUP] = 1
        proxies = int(LINK_GROUP not in model.geom_group)
        options.geomgroup[CAPSULE_GROUP] = options.geomgroup[JOINT_GROUP] = proxies

        def draw(qpos: np.ndarray, colours: np.ndarray) -> np.ndarray:
            data.qpos[:] = qpos
            model.geom_rgba[:, :3] = colours
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            mujoco.mj_camlight(model, data)
            renderer.update_scene(data, camera, options)
            return renderer.render()

        return draw

    def _no_gl(self, size: tuple[int, int]) -> Draw:
        """Drawing by `Painter`."""
        model, data = self._scene.model, self._data
        painter = Painter(self._camera, size, float(model.geom("floor").pos[2]))
        geoms = np.flatnonzero(np.isin(model.geom_group, (CAPSULE_GROUP, JOINT_GROUP)))
        radius = model.geom_size[geoms, 0]
        capsule = model.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_CAPSULE
        half = np.where(capsule, model.geom_size[geoms, 1], 0.0)[:, None]

        def draw(qpos: np.ndarray, colours: np.ndarray) -> np.ndarray:
            data.qpos[:] = qpos
            mujoco.mj_kinematics(model, data)
            centre = data.geom_xpos[geoms]
            axis = data.geom_xmat[geoms].reshape(-1, 3, 3)[:, :, 2] * half
            return painter.draw(centre - axis, centre + axis, radius, colours[geoms])

        return draw


def render_video(
    rollout: Rollout, robot: RobotSpec, path: str | Path, title: str = ""
) -> str:
    """Write an mp4 of a rollout (H.264, 640 × 480, 30 Hz).

    Args:
        rollout: What happened.
        robot: Its robot.
        path: Where to; written atomically.
        title: A line at the top of the picture.

    Returns:
        One line that names the system package that is missing, or "" if none is.
    """
    import av

    count = max(1, round(float(rollout.time[-1]) * FRAME_RATE) + 1)
    with (
        Film(rollout, robot) as film,
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, FRAME_RATE)
        stream.options = {"crf": "23", "preset": "veryfast"}
        for index in range(count):
            time = index / FRAME_RATE
            picture = _label(film.picture(time), title, f"{time:.2f} s")
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        return film.note


def render_strip(
    rollout: Rollout,
    robot: RobotSpec,
    path: str | Path,
    count: int = 6,
    columns: int = 3,
    title: str = "",
) -> str:
    """Write a PNG of `count` moments, evenly spread, in rows of `columns`.

    Returns:
        As `render_video`.
    """
    times = np.linspace(0, float(rollout.time[-1]), count)
    rows = -(-count // columns)
    sheet = np.full((rows * SIZE[1], columns * SIZE[0], 3), 255, np.uint8)
    with Film(rollout, robot) as film, atomic_path(path) as temporary:
        for index, time in enumerate(times):
            row, column = divmod(index, columns)
            sheet[
                row * SIZE[1] : (row + 1) * SIZE[1],
                column * SIZE[0] : (column + 1) * SIZE[0],
            ] = _label(film.picture(float(time)), title, f"{time:.2f} s")
        Image.fromarray(sheet).save(temporary, format="PNG")
        return film.note


def _finger_geoms(scene: Scene) -> dict[str, set[int]]:
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


def _label(picture: np.ndarray, title: str, clock: str) -> np.ndarray:
    """The picture with a title, the time, and which colour is which hand."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    ink = (40, 44, 52)
    if title:
        pen.text((12, 8), title, fill=ink, font=font)
    width, height = image.size
    place = 12.0
    for side, colour in SIDE_COLOURS.items():
        shade = tuple(int(200 * c) for c in colour)
        pen.text((place, height - 10), side, fill=shade, font=font, anchor="ls")
        place += 12 + pen.textlength(side, font=font)
    pen.text((width - 12, height - 10), clock, fill=ink, font=font, anchor="rs")
    return np.asarray(image)
