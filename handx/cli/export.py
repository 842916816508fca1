"""`handx export`: results in the forms that other programs read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Union

import tyro

from handx.cli.export_lerobot import ExportLerobot
from handx.cli.export_mano import ExportMano

Run = Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]


@dataclass(frozen=True)
class ExportVideo:
    """Human and robot side by side, as a video and as a picture of six moments.

    On the left the human motion that was asked for, on the right what the simulated
    hands did, both at the same moment even where the robot was given more time.
    Fingertips and palms are coloured by their contact: dark to yellow as the gap closes
    from 5 mm, yellow to red as the force grows to 10 N.

      handx export video out/demo
      handx export video out/demo --out talk/clap.mp4

    Drawn by MuJoCo through EGL or OSMesa, whichever is there; without either, by a
    slower painter of capsules, and it says so.
    """

    run: Run
    """Folder of a `handx run`."""
    out: Path | None = None
    """The video (.mp4); the picture lies beside it. By default RUN/side_by_side.mp4."""

    def execute(self) -> int:
        """Draw, write, and say where."""
        from handx.cli import console
        from handx.export.run_folder import load_run
        from sim.render import render_pair

        run = load_run(self.run)
        video = _file(self.out, self.run / "side_by_side.mp4", ".mp4")
        picture = video.with_suffix(".png")
        with console.counting("drawing both, frame by frame"):
            note = render_pair(
                run.rollout, run.robot, run.motion, run.human_joints, run.trajectory,
                video, picture,
            )  # fmt: skip
        rows: list[tuple[str, object]] = [("video", video), ("picture", picture)]
        if note:
            rows.append(("note", note))
        console.console().print(console.facts(f"{self.run}: human | robot", rows))
        return 0


@dataclass(frozen=True)
class ExportHtml:
    """A page that plays the run in a browser: one file, no server, no network.

    Human and robot hands beside each other, with contact colours, verdicts, a timeline
    and speeds; the mouse turns, moves and zooms. About 1.5 MB, to be sent or put on any
    web page. Needs the extra studio.

      handx export html out/demo
      handx export html out/demo --out docs/clap.html
    """

    run: Run
    """Folder of a `handx run`."""
    out: Path | None = None
    """The page (.html). By default RUN/player.html."""

    def execute(self) -> int:
        """Record the scene, write, and say where."""
        from handx.cli import console
        from handx.export.html import write_html
        from handx.export.run_folder import load_run

        run = load_run(self.run)
        page = _file(self.out, self.run / "player.html", ".html")
        with console.counting("recording the scene") as say:
            write_html(run, page, lambda share: say(f"{100 * share:.0f} %"))
        size = f"{page.stat().st_size / 1e6:.1f} MB"
        rows = [("page", page), ("size", size), ("open", page.resolve().as_uri())]
        console.console().print(console.facts(f"{self.run} as a page", rows))
        return 0


@dataclass(frozen=True)
class ExportMjcf:
    """The scene as MJCF, with the measured motion as keyframes, for any MuJoCo.

    Writes scene.xml (and its meshes, where the robot has any): bodies, capsules, servos
    with their gains, exclusions, and a keyframe of time, positions, velocities and
    controls for every moment. It loads without HandX:

      handx export mjcf out/demo
      python -m mujoco.viewer --mjcf=out/demo/mjcf/scene.xml
    """

    run: Run
    """Folder of a `handx run`."""
    out: Path | None = None
    """Folder for the scene. By default RUN/mjcf."""
    rate: float = 30.0
    """Keyframes per second [Hz]; up to 100 are measured."""

    def execute(self) -> int:
        """Write, and say how much."""
        from handx import files
        from handx.cli import console
        from handx.export.run_folder import load_run
        from sim.mjcf import SCENE, write_mjcf

        run = load_run(self.run)
        out = self.out or self.run / "mjcf"
        with files.staged(out, (SCENE,)) as folder:
            count = write_mjcf(run.rollout, run.robot, folder, self.rate)
        rows = [("scene", out / SCENE), ("keyframes", count)]
        console.console().print(console.facts(f"{self.run} as MJCF", rows))
        return 0


@dataclass(frozen=True)
class ExportRerun:
    """A Rerun recording (.rrd): hands in space, and every joint, error and force as a curve.

    Needs the extra rerun (0.5 GB).

      handx export rerun out/demo
      rerun out/demo/run.rrd
    """

    run: Run
    """Folder of a `handx run`."""
    out: Path | None = None
    """The recording (.rrd). By default RUN/run.rrd."""

    def execute(self) -> int:
        """Write, and say where."""
        from handx.cli import console
        from handx.export.rerun_log import write_rerun
        from handx.export.run_folder import load_run

        run = load_run(self.run)
        path = _file(self.out, self.run / "run.rrd", ".rrd")
        with console.counting("recording"):
            write_rerun(run, path)
        size = f"{path.stat().st_size / 1e6:.1f} MB"
        rows = [("recording", path), ("size", size), ("open", f"rerun {path}")]
        console.console().print(console.facts(f"{self.run} for Rerun", rows))
        return 0


FORMS = {
    "video": ExportVideo,
    "html": ExportHtml,
    "mjcf": ExportMjcf,
    "lerobot": ExportLerobot,
    "rerun": ExportRerun,
    "mano": ExportMano,
}
"""Name → form, in the order of the help text."""

Form = Union[  # noqa: UP007  # built from the table
    tuple(
        Annotated[form, tyro.conf.subcommand(name, prefix_name=False)]
        for name, form in FORMS.items()
    )
]


@dataclass(frozen=True)
class Export:
    """A run in a form that other programs read: video, page, MJCF, LeRobot, Rerun, MANO.

    RUN is the folder that `handx run` or `handx validate` left; its files are checked to
    be of one run first.

      handx export video out/demo
      handx export html out/demo
      handx export mjcf out/demo
      handx export lerobot out/* --out dataset
      handx export rerun out/demo
      handx export mano out/demo/motion.npz --model mano_v1_2/models

    `handx export FORM --help` says what each writes and needs.
    """

    form: Annotated[Form, tyro.conf.arg(name="")]  # pyright: ignore[reportInvalidTypeForm]
    """Which form."""

    def execute(self) -> int:
        """Do what the form does."""
        return self.form.execute()


def _file(given: Path | None, usual: Path, suffix: str) -> Path:
    """The file to write.

    Raises:
        InputError: It is a folder, or has another suffix.
    """
    from handx_gen.errors import InputError

    path = given or usual
    if path.suffix != suffix or path.is_dir():
        fix = f"name a file that ends in {suffix}"
        raise InputError(path, "--out", f"is no {suffix} file", fix)
    return path
