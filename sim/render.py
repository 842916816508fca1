"""Videos and strips of moments: of a rollout, of a human motion, or of both together."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from handx_gen.motion import BimanualMotion
from handx_gen.npz import atomic_path
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.film import FRAME_RATE, Film
from sim.human_film import HumanFilm
from sim.label import label
from sim.rollout import Rollout

MOMENTS, COLUMNS = 6, 3
"""Moments of a strip, and how many of them stand in a row."""

Shot = Callable[[float], np.ndarray]
"""Time [s] → (height, width, 3) uint8."""


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
    with Film(rollout, robot) as film:
        write_film(robot_shot(film, title), film.duration, path)
        return film.note


def render_strip(
    rollout: Rollout,
    robot: RobotSpec,
    path: str | Path,
    count: int = MOMENTS,
    columns: int = COLUMNS,
    title: str = "",
) -> str:
    """Write a PNG of `count` moments, evenly spread, in rows of `columns`.

    Returns:
        As `render_video`.
    """
    with Film(rollout, robot) as film:
        write_strip(robot_shot(film, title), film.duration, path, count, columns)
        return film.note


def robot_shot(film: Film, title: str = "") -> Shot:
    """What the simulated hands did, with its labels."""
    return lambda time: label(film.picture(time), title, f"{time:.2f} s")


def human_shot(film: HumanFilm, title: str = "") -> Shot:
    """What the human hands do, with its labels."""
    return lambda time: label(film.picture(time), title, f"{time:.2f} s", force=False)


def pair_shot(human: Shot, robot: Shot, trajectory: BimanualTrajectory) -> Shot:
    """Human on the left, robot on the right, both at the robot's time.

    The robot may take longer than the human did: what it was asked to do at a time is
    the human motion at `source_time`.

    Args:
        human: Drawn at the human motion's time.
        robot: Drawn at the robot's time.
        trajectory: Says which time is which.
    """

    def picture(time: float) -> np.ndarray:
        asked = human(source_time(trajectory, time))
        return np.concatenate([asked, robot(time)], axis=1)

    return picture


def source_time(trajectory: BimanualTrajectory, time: float) -> float:
    """Time in the human motion [s] of a time in the trajectory."""
    return float(np.interp(time, trajectory.time_from_start, trajectory.source_time))


def render_pair(
    rollout: Rollout,
    robot: RobotSpec,
    motion: BimanualMotion,
    joints: np.ndarray,
    trajectory: BimanualTrajectory,
    video: str | Path,
    strip: str | Path,
) -> str:
    """Write human | robot as an mp4 (1280 × 480, 30 Hz) and as a strip of six moments.

    Args:
        rollout: What the simulated hands did.
        robot: Their robot.
        motion: What was asked.
        joints: (T, 2, 21, 3) its joints in the robot's world [m].
        trajectory: What joins the two in time.
        video, strip: Where to; written atomically.

    Returns:
        As `render_video`.
    """
    with Film(rollout, robot) as film, HumanFilm(motion, joints) as hands:
        shot = pair_shot(
            human_shot(hands, "human motion, as asked"),
            robot_shot(film, f"{robot.title}, as simulated"),
            trajectory,
        )
        write_film(shot, film.duration, video)
        write_strip(shot, film.duration, strip, columns=2)
        return film.note or hands.note


def write_film(
    shot: Shot,
    duration: float,
    path: str | Path,
    rate: Fraction | int = FRAME_RATE,
    key_frames: int | None = None,
) -> None:
    """Write an mp4 (H.264) of everything from 0 to `duration`, atomically.

    Args:
        shot: Draws a moment; all moments have one size.
        duration: Until when [s].
        path: Where to.
        rate: Frames per second [Hz].
        key_frames: One in so many frames is stored whole, so that a reader finds any
            moment fast; None leaves it to the encoder.
    """
    import av

    rate = Fraction(rate)
    first = shot(0.0)
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / rate
        stream.options = {"crf": "23", "preset": "veryfast"}
        if key_frames is not None:
            stream.gop_size = key_frames
        for index in range(max(1, round(duration * rate) + 1)):
            picture = shot(float(index / rate)) if index else first
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_strip(
    shot: Shot,
    duration: float,
    path: str | Path,
    count: int = MOMENTS,
    columns: int = COLUMNS,
) -> None:
    """Write a PNG of `count` moments from 0 to `duration`, in rows of `columns`."""
    pictures = [shot(float(time)) for time in np.linspace(0, duration, count)]
    height, width = pictures[0].shape[:2]
    sheet = Image.new("RGB", (columns * width, -(-count // columns) * height), "white")
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        sheet.paste(Image.fromarray(picture), (column * width, row * height))
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")
