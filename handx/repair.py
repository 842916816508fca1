"""`repair`: what to try, in order, when a motion on a robot does not pass.

1. *slow down*: the same path in more time;
2. *re-solve*: retargeting with tighter limits, larger clearance or more time;
3. *correct*: small offsets found by sampling in the simulation (`handx.correction`);
4. *another sample*: other motions for the same request, each of which may be mended by
   1 to 3.

Each is tried only where it can help, and kept only if the verdicts are better for it. What
was tried, and what it bought, is told in a table and in `repair.json`.
"""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from handx import candidates, pipeline
from handx.candidates import Candidate
from handx.correction import correct
from handx.reading import Reading, text_verdict
from handx_gen import npz
from handx_gen.errors import HandxError
from handx_gen.kinematics.requests import MatchResult
from handx_gen.kinematics.second_reader import second_opinion
from retarget.trajectory import BimanualTrajectory, JointTrajectory
from robots.robot import RobotSpec

if TYPE_CHECKING:
    from retarget.options import RetargetOptions

SLOWER = (1.3, 2.0)
"""Factors of time."""

TIGHTER_SPEED, TIGHTER_BOX = 0.85, 0.03
"""Share of the velocity limits, and distance from both position limits [rad]."""

CLEARANCE = 0.0015
"""By how much links other than fingertips are grown [m]."""

MORE_STRETCH, LESS_TOLERATED, MORE_ITERATIONS = 5.0, 0.05, 80
"""Retargeting with more time: see `RetargetOptions`."""

DRAWS = 8
"""Other motions that are drawn, in one batch."""

TRIED = 3
"""How many of them go on the robot at most."""

SLOW_HELPS = (
    "tip tracking p95", "wrist position p95", "wrist rotation p95", "contact recall",
    "position limits, measured", "velocity limits, measured",
    "penetration within a hand", "penetration between the hands",
    "penetration of arms and trunk",
)  # fmt: skip
"""Checks that more time can mend."""


@dataclass(frozen=True)
class RepairStep:
    """One thing that was tried.

    Attributes:
        what: e.g. "slow down ×1.3".
        outcome: "kept", "no better" or "does not apply".
        text, hand, physics: The verdicts that it came to.
        failed: The checks that then failed.
        detail: Why it does not apply, or what it did.
        seconds: CPU time it took [s].
    """

    what: str
    outcome: str
    text: str
    hand: str
    physics: str
    failed: tuple[str, ...]
    detail: str
    seconds: float


def repair(
    first: "pipeline.Attempt",
    reading: Reading,
    robot: RobotSpec,
    model: str = "auto",
    seed: int = 0,
    device: str = "cpu",
) -> tuple["pipeline.Attempt", tuple[RepairStep, ...]]:
    """Try to make a motion on a robot pass.

    Args:
        first: What was made, and did not pass.
        reading: What was asked.
        robot: The robot.
        model, seed, device: As they were drawn with; other samples use the next seeds.

    Returns:
        The best that was found, and every step.
    """
    road = _Road(first, reading, robot, seed)
    if first.report.passed:
        return first, ()
    road.mend()
    if not road.best.report.passed:
        road.draw_again(model, device)
    return road.best, tuple(road.steps)


class _Road:
    """The best attempt so far, and the steps that led to it."""

    def __init__(
        self,
        first: "pipeline.Attempt",
        reading: Reading,
        robot: RobotSpec,
        seed: int,
    ) -> None:
        self.best, self.reading, self.robot, self.seed = first, reading, robot, seed
        self.steps: list[RepairStep] = []
        self._began = time.process_time()

    def mend(self) -> None:
        """Steps 1 to 3, until it passes."""
        hopeless = self._hopeless()
        for name, step in (
            ("slow down", self._slower),
            ("re-solve", self._solved_again),
            ("correct", self._corrected),
        ):
            if self.best.report.passed:
                return
            before = len(self.steps)
            try:
                for what, made, detail in () if hopeless else step():
                    self._judge(what, made, detail)
                    if self.best.report.passed:
                        return
            except HandxError as error:
                self._note(name, "no better", self.best, f"failed: {error}")
            if len(self.steps) == before:
                self._skip(name, hopeless or "nothing failed that it could mend")

    def draw_again(self, model: str, device: str) -> None:
        """Step 4: other motions, the likeliest first, each mended if need be."""
        name = "another sample"
        if self.best.text.answer == "can't tell":
            self._skip(name, "the request cannot be judged, whatever is drawn")
            return
        if self.best.text.answer == "yes" and self._out_of_reach():
            self._skip(name, "what is asked is out of this robot's reach")
            return
        drawn = pipeline.draw(self.reading, model, self.seed + 1, DRAWS, device)
        drawn.sort(key=lambda pair: -_follows(pair[1]))
        mine = _follows(self.best.text)
        drawn = [pair for pair in drawn if mine > 1 or _follows(pair[1]) > mine]
        for number, (motion, found) in enumerate(drawn[:TRIED], start=1):
            made = pipeline.attempt(
                motion, found, self.reading, self.robot, lambda _: nullcontext(), {}
            )
            self._judge(f"{name} {number}", made, f"the likeliest of {DRAWS} more")
            if self.best is made and made.text.answer == "yes":
                self.mend()
            if self.best.report.passed:
                return
        if not drawn:
            detail = f"none of {DRAWS} more follows the text better"
            self._note(name, "no better", self.best, detail)

    def _slower(self) -> "Iterator[tuple[str, pipeline.Attempt, str]]":
        if not self._failed() & set(SLOW_HELPS):
            return
        start = self.best
        for factor in SLOWER:
            path = slowed(start.trajectory, factor)
            yield f"slow down ×{factor:g}", self._simulated(start, path), "same path"

    def _solved_again(self) -> "Iterator[tuple[str, pipeline.Attempt, str]]":
        from retarget import RetargetOptions

        failed, start = self._failed(), self.best
        if self._unsolved():
            options = RetargetOptions(
                max_stretch=MORE_STRETCH, tolerated=LESS_TOLERATED,
                iterations=MORE_ITERATIONS,
            )  # fmt: skip
            detail = f"up to ×{MORE_STRETCH:g} the time, {MORE_ITERATIONS} iterations"
            made = self._retargeted(start, self.robot, options)
            yield "re-solve with more time", made, detail
        if failed & {"position limits, measured", "velocity limits, measured",
                     "tip tracking p95", "contact recall"}:  # fmt: skip
            detail = (
                f"{TIGHTER_SPEED:.0%} of the speeds, {TIGHTER_BOX:g} rad from stops"
            )
            made = self._retargeted(start, tightened(self.robot))
            yield "re-solve with tighter limits", made, detail
        if any(name.startswith("penetration") for name in failed):
            detail = f"links {1e3 * CLEARANCE:g} mm thicker"
            made = self._retargeted(start, thickened(self.robot))
            yield "re-solve with larger clearance", made, detail

    def _corrected(self) -> "Iterator[tuple[str, pipeline.Attempt, str]]":
        start = self.best
        path, said = correct(
            start.trajectory, self.robot, start.rollout, start.report, self.seed
        )
        if said:
            yield "correct by sampling", self._simulated(start, path), "; ".join(said)

    def _retargeted(
        self,
        start: "pipeline.Attempt",
        robot: RobotSpec,
        options: "RetargetOptions | None" = None,
    ) -> "pipeline.Attempt":
        trajectory, report = pipeline.retarget(start.motion, robot, options)
        return self._simulated(replace(start, retarget_report=report), trajectory)

    def _simulated(
        self, start: "pipeline.Attempt", trajectory: BimanualTrajectory
    ) -> "pipeline.Attempt":
        verdict = text_verdict(start.text, self.reading)
        rollout, report = pipeline.validate(
            trajectory, self.robot, verdict, start.retarget_report
        )
        return replace(start, trajectory=trajectory, rollout=rollout, report=report)

    def _judge(self, what: str, made: "pipeline.Attempt", detail: str) -> None:
        """Keep what was made if it is better, and write the step down."""
        rows = [self._row(attempt) for attempt in (self.best, made)]
        kept = candidates.best(rows) == 1
        self._note(what, "kept" if kept else "no better", made, detail)
        if kept:
            self.best = made

    def _skip(self, what: str, why: str) -> None:
        self._note(what, "does not apply", self.best, why)

    def _note(
        self, what: str, outcome: str, made: "pipeline.Attempt", detail: str
    ) -> None:
        now = time.process_time()
        answers = [made.report.verdicts[v].answer for v in ("text", "hand", "physics")]
        failed = tuple(c.name for c in made.report.checks if c.passed is False)
        self.steps.append(
            RepairStep(what, outcome, *answers, failed, detail, now - self._began)
        )
        self._began = now

    def _row(self, attempt: "pipeline.Attempt") -> Candidate:
        opinion = second_opinion(attempt.motion, self.reading.requested)
        return Candidate.of(0, "", attempt.text, opinion, attempt.report)

    def _failed(self) -> set[str]:
        return {c.name for c in self.best.report.checks if c.passed is False}

    def _reasons(self) -> tuple[str, ...]:
        return self.best.report.verdicts["hand"].reasons

    def _unsolved(self) -> bool:
        return any("could not be solved" in reason for reason in self._reasons())

    def _out_of_reach(self) -> bool:
        return any("out of reach" in reason for reason in self._reasons())

    def _hopeless(self) -> str:
        """Why no change of the trajectory can make it pass; "" if one may."""
        if self.best.text.answer != "yes":
            return "the motion itself is not what was asked, or nobody can tell"
        if self._out_of_reach():
            return "what is asked is out of this robot's reach"
        return ""


def _follows(found: MatchResult) -> float:
    """How well a motion follows its text: event F1, and more than 1 for a whole yes."""
    return (found.f1 or 0.0) + (found.answer == "yes")


def slowed(trajectory: BimanualTrajectory, factor: float) -> BimanualTrajectory:
    """The same path in `factor` times the time."""

    def part(joints: JointTrajectory) -> JointTrajectory:
        return replace(
            joints,
            velocities=joints.velocities / factor,
            time_from_start=joints.time_from_start * factor,
        )

    return replace(
        trajectory,
        hands={side: p and part(p) for side, p in trajectory.hands.items()},
        groups={name: part(p) for name, p in trajectory.groups.items()},
    )


def tightened(robot: RobotSpec) -> RobotSpec:
    """The robot with slower joints that keep away from their stops."""
    hands = {}
    for side, hand in robot.hands.items():
        span = hand.upper - hand.lower
        index = hand.actuated_index
        margin = [min(TIGHTER_BOX, 0.2 * span[i]) for i in index]
        lower, upper = hand.lower.copy(), hand.upper.copy()
        lower[index] += margin
        upper[index] -= margin
        rest = hand.rest_pose[index].clip(lower[index], upper[index])
        hands[side] = replace(
            hand, lower=lower, upper=upper, rest_pose=hand.expand(rest),
            velocity_limit=TIGHTER_SPEED * hand.velocity_limit,
        )  # fmt: skip
    return replace(robot, hands=hands)


def thickened(robot: RobotSpec) -> RobotSpec:
    """The robot with thicker links, but for the fingertips, which have to touch."""
    hands = {}
    for side, hand in robot.hands.items():
        tips = {finger.links[-1] for finger in hand.fingers.values()}
        capsules, boxes = (
            tuple(
                s if s.link in tips else replace(s, radius=s.radius + CLEARANCE)
                for s in solids
            )
            for solids in (hand.capsules, hand.boxes)
        )
        hands[side] = replace(hand, capsules=capsules, boxes=boxes)
    return replace(robot, hands=hands)


def save(
    steps: tuple[RepairStep, ...],
    before: "pipeline.Attempt",
    after: "pipeline.Attempt",
    path: Path,
) -> None:
    """Write what was tried as JSON, atomically."""
    body = {
        "passed_before": before.report.passed,
        "passed_after": after.report.passed,
        "steps": [asdict(step) for step in steps],
    }
    npz.write_text(path, json.dumps(body, indent=2, ensure_ascii=False) + "\n")
