"""Pictures: readable, moving, alike with and without GL, and never without a word."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from handx_gen.procedural import perform
from retarget.placement import place
from sim import play
from sim.camera import FIELD_OF_VIEW, frame_points
from sim.engine import available_gl
from sim.film import FRAME_RATE, SIZE, Film, body_geoms
from sim.human_film import HumanFilm
from sim.painter import Painter
from sim.render import render_pair, render_strip, render_video, source_time
from sim.rounded import RoundedBoxes

av = pytest.importorskip("av")
HAS_GL = available_gl() != "disable"


@pytest.fixture(scope="module")
def rollout(robot, wander):
    return play(wander(robot, reach=0.5, seconds=0.5), robot)


@pytest.fixture(params=["gl", "no gl"])
def gl(request, monkeypatch):
    """Both ways of drawing; the second on a machine whose GL fails."""
    if request.param == "gl":
        if not HAS_GL:
            pytest.skip("no off-screen GL library: apt install libegl1 libgl1-mesa-dri")
        return True

    without_gl(monkeypatch)
    return False


def without_gl(monkeypatch) -> None:
    """Make every renderer fail as it does on a machine without GL."""

    def broken(*arguments):
        raise RuntimeError("no GL here")

    monkeypatch.setattr("sim.film.Renderer", broken)
    monkeypatch.setattr("sim.human_film.Renderer", broken)


def test_a_video_can_be_read_and_lasts_as_long_as_the_rollout(
    rollout, robot, gl, tmp_path
) -> None:
    note = render_video(rollout, robot, tmp_path / "video.mp4", title="A title")
    assert ("apt install" in note) is not gl
    with av.open(str(tmp_path / "video.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.width, stream.height) == ("h264", *SIZE)
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(frames) == round(rollout.time[-1] * FRAME_RATE) + 1
    middle = len(frames) // 2
    assert np.abs(frames[0].astype(int) - frames[middle]).mean() > 0.5


def test_a_strip_holds_its_moments(rollout, robot, gl, tmp_path) -> None:
    render_strip(rollout, robot, tmp_path / "strip.png", count=4, columns=2)
    with Image.open(tmp_path / "strip.png") as image:
        assert image.size == (2 * SIZE[0], 2 * SIZE[1])


@pytest.mark.skipif(not HAS_GL, reason="no off-screen GL library")
def test_both_ways_draw_the_hands_in_the_same_place(
    rollout, robot, monkeypatch
) -> None:
    with Film(rollout, robot) as film:
        rendered = film.picture(0.5).astype(float)

    without_gl(monkeypatch)
    with Film(rollout, robot) as film:
        painted = film.picture(0.5).astype(float)
    # The fingers are the only strong colours in the picture.
    masks = [np.ptp(image, axis=-1) > 50 for image in (rendered, painted)]
    overlap = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert overlap > 0.7


def test_hands_stay_inside_the_picture(rollout, robot, gl) -> None:
    with Film(rollout, robot) as film:
        for time in np.linspace(0, rollout.time[-1], 4):
            picture = film.picture(float(time)).astype(float)
            strong = np.ptp(picture, axis=-1) > 70
            border = np.concatenate(
                [strong[0], strong[-1], strong[:, 0], strong[:, -1]]
            )
            assert strong.any()
            assert not border.any()


def test_a_robot_with_arms_is_whole_in_the_picture(g1, wander) -> None:
    rollout = play(wander(g1, reach=0.1, seconds=0.2), g1)
    with Film(rollout, g1) as film:
        camera, data = film._frame(SIZE), film._data
        model = film._scene.model
        shown = body_geoms(model)
        parts = {model.body(model.geom_bodyid[geom]).name for geom in shown}
        assert {"body_head_link", "body_torso_link", "body_pelvis"} <= parts
        right, up, ahead = (
            (data.geom_xpos[sorted(shown)] - camera.position) @ camera.axes.T
        ).T
    slope = np.tan(np.radians(FIELD_OF_VIEW) / 2)
    assert (np.abs(up / ahead) < slope).all()
    assert (np.abs(right / ahead) < slope * SIZE[0] / SIZE[1]).all()


def test_human_and_robot_stand_side_by_side_at_the_same_moment(
    shadow, from_text, tmp_path
) -> None:
    text = "touch the thumb to the index finger with both hands"
    motion, trajectory = perform(text), from_text(text, shadow)
    rollout = play(trajectory, shadow)
    video, strip = tmp_path / "pair.mp4", tmp_path / "pair.png"
    joints = place(motion)
    note = render_pair(rollout, shadow, motion, joints, trajectory, video, strip)
    assert ("apt install" in note) is not HAS_GL
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (2 * SIZE[0], SIZE[1])
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(frames) == round(rollout.time[-1] * FRAME_RATE) + 1
    # Each half is what a film of its own shows at its own clock.
    middle = len(frames) // 2
    time = middle / FRAME_RATE
    halves = np.split(frames[middle].astype(float), 2, axis=1)
    asked = source_time(trajectory, time)
    with Film(rollout, shadow) as robot, HumanFilm(motion, joints) as human:
        alone = human.picture(asked), robot.picture(time)
        later = human.picture(asked + 0.4), robot.picture(time + 0.4)
    rows = slice(40, 430)  # between title and legend
    for half, now, then in zip(halves, alone, later):
        off = np.abs(half[rows] - now[rows]).mean()
        assert off < 0.5 * np.abs(half[rows] - then[rows]).mean()
    with Image.open(strip) as image:
        assert image.size == (4 * SIZE[0], 3 * SIZE[1])


def test_human_hands_are_drawn_alike_with_and_without_gl(monkeypatch) -> None:
    if not HAS_GL:
        pytest.skip("no off-screen GL library: apt install libegl1 libgl1-mesa-dri")
    motion = perform("make a fist with the left hand")
    masks = []
    for _ in range(2):
        with HumanFilm(motion, place(motion)) as film:
            picture = film.picture(0.5 * film.duration).astype(float)
        masks.append(np.ptp(picture, axis=-1) > 50)
        without_gl(monkeypatch)
    overlap = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert overlap > 0.7


def test_a_full_disk_leaves_no_video(root, rollout, tmp_path) -> None:
    """In a fresh process, whose files may hold a few kilobytes only."""
    rollout.save(tmp_path / "rollout.npz")
    code = f"""
import resource, signal
import av
from handx_gen.errors import InputError
from robots import load_robot
from sim import Rollout, render_video
rollout = Rollout.load({str(tmp_path / "rollout.npz")!r})
robot = load_robot(rollout.robot)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    render_video(rollout, robot, {str(tmp_path / "out" / "v.mp4")!r})
except InputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, "MUJOCO_GL": "disable"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cannot be written" in done.stdout
    assert "make room" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


def test_a_touching_pair_lights_up(shadow, from_text, gl) -> None:
    rollout = play(
        from_text("touch the thumb to the index finger with both hands", shadow), shadow
    )
    touching = rollout.contacts.mask.any(1)
    with Film(rollout, shadow) as film:

        def yellow(time: float) -> int:
            red, green, blue = np.moveaxis(film.picture(time).astype(int), -1, 0)
            return int(
                ((red > 140) & (green > 100) & (blue < 80) & (red - green < 90)).sum()
            )

        apart, together = rollout.time[~touching][0], rollout.time[touching]
        assert yellow(float(together[len(together) // 2])) > yellow(float(apart)) + 200


@pytest.mark.parametrize(
    "environment",
    [
        {"MUJOCO_GL": "disable"},
        {"MUJOCO_GL": "egl", "__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere.json"},
    ],
    ids=["no library", "library without a driver"],
)
def test_without_gl_the_whole_road_still_draws(root, tmp_path, environment) -> None:
    """In a fresh process, as on a machine that has no GL."""
    if environment["MUJOCO_GL"] == "egl" and available_gl() != "egl":
        pytest.skip("no EGL library")
    code = f"""
import numpy as np
from robots import load_robot
from handx_gen.kinematics.contacts import ContactTrack
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from sim import play_kinematic, render_video
robot = load_robot("shadow")
time = np.array([0.0, 0.2])
hands = {{s: JointTrajectory(h.joint_names, np.tile(h.rest_pose, (2, 1)),
          np.zeros((2, len(h.joint_names))), time) for s, h in robot.hands.items()}}
base = np.tile([[1.0, 0, 0, 0, 0, 0.2, 1], [1.0, 0, 0, 0, 0, -0.2, 1]], (2, 1, 1))
trajectory = BimanualTrajectory("shadow", robot.sha256, hands, base, time,
    ContactTrack((), np.zeros((2, 0), bool), np.zeros((2, 0))),
    np.zeros((2, 2, 5, 3)), np.zeros((2, 2), bool))
print(render_video(play_kinematic(trajectory, robot), robot, {str(tmp_path / "v.mp4")!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "apt install" in done.stdout
    assert (tmp_path / "v.mp4").stat().st_size > 1000


def test_a_chosen_gl_whose_library_is_missing_does_not_break_the_import(root) -> None:
    code = (
        "import ctypes, os\n"
        "real = ctypes.CDLL\n"
        "def fake(name, *a, **k):\n"
        "    if name and 'OSMesa' in str(name): raise OSError(name)\n"
        "    return real(name, *a, **k)\n"
        "ctypes.CDLL = fake\n"
        "import sim.engine\n"
        "assert os.environ['MUJOCO_GL'] != 'osmesa'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, "MUJOCO_GL": "osmesa"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_painter_draws_a_ball_where_it_is() -> None:
    points = np.array([[-0.1, -0.1, 0.9], [0.1, 0.1, 1.1]])
    camera = frame_points(points, 4 / 3, azimuth=0, elevation=0)
    painter = Painter(camera, (160, 120), floor=0.0)
    centre, radius = camera.lookat[None], 0.03
    red = np.array([[1.0, 0, 0]])
    picture = painter.draw(centre, centre, np.array([radius]), red).astype(int)
    mask = picture[..., 0] - picture[..., 2] > 60
    rows, columns = np.nonzero(mask)
    np.testing.assert_allclose([rows.mean(), columns.mean()], [59.5, 79.5], atol=1)
    focal = 60 / np.tan(np.radians(FIELD_OF_VIEW) / 2)
    wanted = focal * radius / np.sqrt(camera.distance**2 - radius**2)
    assert np.sqrt(mask.sum() / np.pi) == pytest.approx(wanted, rel=0.1)


def test_the_painter_hides_what_is_behind() -> None:
    camera = frame_points(
        np.array([[-0.2] * 3, [0.2] * 3]), 1.0, azimuth=0, elevation=0
    )
    painter = Painter(camera, (64, 64), floor=-1.0)
    front, back = camera.lookat - [0.05, 0, 0], camera.lookat + [0.05, 0, 0]
    side = np.array([0, 0.02, 0])
    a, b = np.stack([back - side, front - side]), np.stack([back + side, front + side])
    colours = np.array([[0, 0, 1.0], [1.0, 0, 0]])
    red, _, blue = painter.draw(a, b, np.array([0.03, 0.03]), colours)[32, 32]
    assert red > 100 > blue


def test_rays_meet_a_rounded_box_where_it_is() -> None:
    """Beside walking along the ray by the distance that is left, which cannot overstep."""
    rng = np.random.default_rng(0)
    missed = 0
    for half in ([0.02, 0.01, 0.03], [0.001, 0.02, 0.02], [0.0, 0.0, 0.02]):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        centre, radius = rng.normal(size=3), 0.006
        box = RoundedBoxes.of([(centre, turn, half, radius, (1.0, 0, 0))])
        origin = centre + [0.3, -0.2, 0.1]
        aim = centre + rng.uniform(-0.04, 0.04, (4000, 3)) - origin
        rays = aim / np.linalg.norm(aim, axis=1)[:, None]
        distance, normal = box.meet(0, origin, rays)

        walked = np.zeros(len(rays))
        for _ in range(300):
            local = (origin + walked[:, None] * rays - centre) @ turn
            beyond = np.maximum(np.abs(local) - half, 0.0)
            left = np.linalg.norm(beyond, axis=1) - radius
            walked += np.where(walked < 1.0, left, 0.0)
        meets = walked < 1.0
        # Rays that graze the box may be counted as either.
        agree = meets == np.isfinite(distance)
        assert (~agree).mean() < 0.005
        both = meets & agree
        np.testing.assert_allclose(distance[both], walked[both], atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(normal[both], axis=1), 1, atol=1e-6)
        assert ((normal[both] * rays[both]).sum(1) < 1e-6).all()
        missed += int((~meets).sum())
    assert missed > 500


def test_the_painter_draws_boxes_and_capsules_by_their_depth() -> None:
    camera = frame_points(
        np.array([[-0.2] * 3, [0.2] * 3]), 1.0, azimuth=0, elevation=0
    )
    painter = Painter(camera, (64, 64), floor=-1.0)
    ball, red = np.array([camera.lookat]), np.array([[1.0, 0, 0]])
    for shift, wanted in ((-0.1, 2), (0.1, 0)):
        centre = camera.lookat + [shift, 0, 0]
        row = (centre, np.eye(3), (0.02, 0.03, 0.03), 0.005, (0, 0, 1.0))
        boxes = RoundedBoxes.of([row])
        picture = painter.draw(ball, ball, np.array([0.02]), red, boxes)
        assert picture[32, 32].argmax() == wanted


@pytest.mark.parametrize("elevation", [-80.0, -35.0, 0.0, 20.0])
def test_a_framed_cloud_is_in_the_picture_and_fills_it(elevation: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (200, 3)) * [0.1, 0.3, 0.1] + [0.2, 0, 1]
    camera = frame_points(points, 4 / 3, elevation=elevation)
    local = (points - camera.position) @ camera.axes.T
    half = np.tan(np.radians(FIELD_OF_VIEW) / 2)
    shown = np.abs(local[:, :2] / local[:, 2:]) / [half * 4 / 3, half]
    assert shown.max() <= 1.0
    assert shown.max() > 0.7
