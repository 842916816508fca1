"""The whole road, from a sentence to two robot hands: the only file that knows every stage.

    text ─ read ─► Reading ─ generate ─► BimanualMotion ─ retarget ─► BimanualTrajectory
         ─ validate ─► Rollout, SimReport ─ write ─► MCAP, video

`run()` walks it in one go. Each stage is a function of what the stage before left on
disk, so that any of them can be repeated from its file alone.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from handx import candidates, files
from handx.candidates import Candidate
from handx.reading import (
    Reading,
    assured,
    motion_sha256,
    read,
    text_verdict,
)
from handx_gen.errors import InputError
from handx_gen.kinematics.requests import MatchResult, match
from handx_gen.kinematics.second_reader import second_opinion
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.report import SimReport, Verdict
from sim.rollout import Rollout

if TYPE_CHECKING:
    from handx.repair import RepairStep
    from handx_gen.control import Constraints
    from retarget.options import RetargetOptions
    from retarget.report import RetargetReport

Stage = Callable[[str], AbstractContextManager[object]]
"""Called with a stage's name; the stage runs inside the context it gives."""

RUN_FILES = (
    files.MOTION, files.TRAJECTORY, files.RETARGET, files.ROLLOUT, files.REPORT,
    files.MCAP, files.VIDEO, files.CANDIDATES, files.REPAIR,
)  # fmt: skip
"""What a run leaves in its folder."""


MAX_SAMPLES = 256
"""Most motions drawn for one request."""


@dataclass(frozen=True)
class RunResult:
    """Everything a run made.

    Attributes:
        folder: Where the files lie.
        reading: What was asked.
        motion, trajectory, rollout, report: The artefacts.
        retarget_report: Kinematic truth of the trajectory.
        text: How the motion matches what was asked.
        video_note: How the video was drawn.
        seconds: Stage → time it took [s].
        candidates: Every motion that was drawn and what it came to, the first one first;
            empty where only one was asked for.
        repairs: What was tried to make it pass; empty unless that was asked for.
    """

    folder: Path
    reading: Reading
    motion: BimanualMotion
    trajectory: BimanualTrajectory
    retarget_report: "RetargetReport"
    rollout: Rollout
    report: SimReport
    text: MatchResult
    video_note: str
    seconds: dict[str, float]
    candidates: tuple[Candidate, ...] = ()
    repairs: tuple["RepairStep", ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all three verdicts say yes."""
        return self.report.passed


def run(
    request: str | Plan,
    robot: str = "shadow",
    out: str | Path = "out",
    model: str = "auto",
    seed: int = 0,
    seconds: float | None = None,
    samples: int = 1,
    device: str = "cpu",
    stage: Stage | None = None,
    video: bool = True,
    repair: bool = False,
) -> RunResult:
    """Text → motion → robot → physics → files.

    Args:
        request: What the hands should do, or a plan of it.
        robot: A name that `handx robots` lists.
        out: Folder for the files; nothing is written unless every stage succeeds.
        model: "auto", "program", "synth-v1" or a checkpoint folder.
        seed: Same seed, same motion.
        seconds: How long the motion lasts; None leaves it to the model.
        samples: Motions to draw; each is put on the robot and simulated, and the one
            that follows text and physics best is kept.
        device: Where a network runs.
        stage: Told which stage runs, for progress displays.
        video: Whether to draw one.
        repair: Where a verdict is no yes, try to mend that (`handx.repair`).

    Raises:
        HandxError, RobotError: An input that cannot be used.
    """
    from robots import load_robot

    stage = stage or (lambda name: nullcontext())
    times: dict[str, float] = {}
    reading = read(request, seconds)
    spec = load_robot(robot)
    with files.staged(Path(out), RUN_FILES) as folder:
        with _timed("generate", stage, times):
            reading = assured(reading, model, seed, device)
            drawn = draw(reading, model, seed, samples, device)
            drawn = drawn if samples > 1 else [_best_of(drawn)]
        tried = [
            attempt(motion, found, reading, spec, stage, times)
            for motion, found in drawn
        ]
        rows = tuple(
            Candidate.of(
                number, str(a.motion.provenance.get("model", "")), a.text,
                second_opinion(a.motion, reading.requested), a.report,
            )
            for number, a in enumerate(tried)
        )  # fmt: skip
        chosen = candidates.best(rows)
        best, repairs = tried[chosen], ()
        if repair:
            from handx import repair as mending

            with _timed("repair", stage, times):
                best, repairs = mending.repair(best, reading, spec, model, seed, device)
            mending.save(repairs, tried[chosen], best, folder / files.REPAIR)
        best.save(folder)
        if samples > 1:
            candidates.save(rows, chosen, folder / files.CANDIDATES)
        with _timed("record", stage, times):
            record(best.trajectory, spec, best.rollout, folder)
        note = ""
        if video:
            with _timed("video", stage, times):
                note = film(best.rollout, spec, folder, reading.plan.text)
    return RunResult(
        Path(out), reading, best.motion, best.trajectory, best.retarget_report,
        best.rollout, best.report, best.text, note, times, rows if samples > 1 else (),
        repairs,
    )  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One drawn motion, on the robot and simulated."""

    motion: BimanualMotion
    text: MatchResult
    trajectory: BimanualTrajectory
    retarget_report: "RetargetReport"
    rollout: Rollout
    report: SimReport

    def save(self, folder: Path) -> None:
        """Write the artefacts of the stages."""
        self.motion.save(folder / files.MOTION)
        self.trajectory.save(folder / files.TRAJECTORY)
        self.retarget_report.save(folder / files.RETARGET)
        self.rollout.save(folder / files.ROLLOUT)
        self.report.save(folder / files.REPORT)


def attempt(
    motion: BimanualMotion,
    found: MatchResult,
    reading: Reading,
    spec: RobotSpec,
    stage: Stage,
    times: dict[str, float],
) -> Attempt:
    """One motion put on the robot and simulated."""
    with _timed("retarget", stage, times):
        trajectory, retarget_report = retarget(motion, spec)
    with _timed("validate", stage, times):
        verdict = text_verdict(found, reading)
        rollout, report = validate(trajectory, spec, verdict, retarget_report)
    return Attempt(motion, found, trajectory, retarget_report, rollout, report)


def generate(
    reading: Reading,
    model: str = "auto",
    seed: int = 0,
    samples: int = 1,
    device: str = "cpu",
    constraints: "Constraints | None" = None,
) -> tuple[BimanualMotion, MatchResult]:
    """Reading → the drawn motion that best does what was asked, and how well it does.

    Raises:
        InputError: As `draw`.
    """
    return _best_of(draw(reading, model, seed, samples, device, constraints))


def draw(
    reading: Reading,
    model: str = "auto",
    seed: int = 0,
    samples: int = 1,
    device: str = "cpu",
    constraints: "Constraints | None" = None,
) -> list[tuple[BimanualMotion, MatchResult]]:
    """Reading → drawn motions, and how well each does what was asked.

    "auto" draws from the shipped network; where none of its motions does what the rules
    could read from the text, one more comes from the procedural mode, and a warning in
    it says so. With constraints the network's stays: it knew of them.

    Raises:
        InputError: A senseless option, an unknown model, or a request that the model
            cannot draw.
    """
    from handx_gen.generator import generate as draw_motions

    if not 1 <= samples <= MAX_SAMPLES:
        raise InputError("--samples", "", f"{samples}", f"give 1 to {MAX_SAMPLES}")
    if not 0 <= seed < 2**31:
        raise InputError("--seed", "", f"{seed}", "give 0 or a positive number")
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", device):
        raise InputError("--device", "", repr(device), "give cpu or cuda")

    plan, requested = reading.plan, reading.requested
    motions = draw_motions(
        plan, model=model, seed=seed, samples=samples, device=device,
        constraints=constraints,
    )  # fmt: skip
    found = [(motion, match(motion, requested)) for motion in motions]
    best, result = _best_of(found)
    if model == "auto" and result.answer == "no" and constraints is None:
        # The rules read the text in full, so the procedural mode can do it exactly.
        name = best.provenance.get("model", "the network")
        warning = (
            f"made by the procedural mode: {name} missed what was asked "
            f"({'; '.join(result.reasons)[:120]})"
        )
        (motion,) = draw_motions(plan, model="program", seed=seed, device=device)
        motion = replace(motion, provenance={**motion.provenance, "warning": warning})
        found.append((motion, match(motion, requested)))
    return [
        (replace(m, provenance={"text": plan.text, "seed": seed, **m.provenance}), r)
        for m, r in found
    ]


def _best_of(
    found: list[tuple[BimanualMotion, MatchResult]],
) -> tuple[BimanualMotion, MatchResult]:
    """The motion that does best what was asked; of equals the first."""
    return max(found, key=lambda pair: _preference(pair[1]))


def _preference(result: MatchResult) -> tuple[bool, float]:
    return result.answer == "yes", result.f1 or 0.0


def retarget(
    motion: BimanualMotion,
    robot: RobotSpec,
    options: "RetargetOptions | None" = None,
) -> tuple[BimanualTrajectory, "RetargetReport"]:
    """Motion → the robot's joints.

    The trajectory remembers by their hashes which motion and which report are its own.
    """
    from retarget import retarget_motion

    trajectory, report = retarget_motion(motion, robot, options)
    provenance = {
        **motion.provenance,
        **trajectory.provenance,
        "motion_sha256": motion_sha256(motion),
        "retarget_sha256": _sha256(report.to_json()),
    }
    return replace(trajectory, provenance=provenance), report


def validate(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    text: Verdict,
    retarget_report: "RetargetReport | None" = None,
) -> tuple[Rollout, SimReport]:
    """Trajectory → what the simulated hands did, and the three verdicts."""
    from sim import validate as simulate

    return simulate(trajectory, robot, text, retarget_report)


def record(
    trajectory: BimanualTrajectory, robot: RobotSpec, rollout: Rollout, folder: Path
) -> Path:
    """Measured state and commands → `trajectory.mcap`."""
    from handx.streaming.mcap_file import write_mcap

    return write_mcap(folder / files.MCAP, trajectory, robot, rollout)


def film(rollout: Rollout, robot: RobotSpec, folder: Path, title: str = "") -> str:
    """Measured state → `video.mp4`; says what is missing for a rendered one, or ""."""
    from sim import render_video

    return render_video(rollout, robot, folder / files.VIDEO, title)


def retarget_report_of(
    trajectory: BimanualTrajectory, path: Path
) -> "RetargetReport | None":
    """The `retarget.json` at `path`, if it is there and speaks of this trajectory.

    Raises:
        InputError: The file is there and is not a retarget report.
    """
    from retarget import RetargetReport

    if not path.exists():
        return None
    report = RetargetReport.load(path)
    mine = trajectory.provenance.get("retarget_sha256") == _sha256(report.to_json())
    return report if mine else None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _timed(name: str, stage: Stage, seconds: dict[str, float]) -> Iterator[None]:
    """Run a stage inside its progress display, and note how long it took."""
    began = time.perf_counter()
    with stage(name):
        yield
    seconds[name] = time.perf_counter() - began
