"""`RetargetReport`: how well the robot's kinematics can do what the human did."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from retarget.arm_report import ArmReport

SCHEMA_VERSION = 1
NEAR = 0.030
"""A robot touch is unwanted where the human points are further apart than this [m]."""


_FURTHER = (
    ("direction_cosine", "fingertip directions", "cosine {:.3f}"),
    ("contact_on_offset_s", "contacts start", "within {:.3f} s of the human's"),
    ("lag_s", "lag", "{:.3f} s"),
    ("energy_above_8_hz", "movement above 8 Hz", "{:.2%} of the energy"),
    ("coverage", "joint ranges used", "{:.0%}"),
)
"""Name in `RetargetReport.further`, label, format."""


@dataclass(frozen=True)
class ContactFigures:
    """One asked contact pair.

    Attributes:
        pair: Its name.
        asked: Samples in which the human pair is in contact.
        kept: Samples of those in which the robot pair is, too.
        gap_mm: Mean |gap| over the asked samples [mm].
        best_mm: Smallest |gap| over the asked samples [mm].
        floor_mm: Smallest gap this robot can reach at all, where it is known [mm].
    """

    pair: str
    asked: int
    kept: int
    gap_mm: float
    best_mm: float
    floor_mm: float | None = None

    @property
    def reachable(self) -> bool:
        """Whether the robot can touch with this pair; unknown counts as yes."""
        return self.floor_mm is None or self.floor_mm <= 5.0


@dataclass(frozen=True)
class ContactScore:
    """Contacts of a kind (pinches of one hand, or between the hands).

    Attributes:
        asked, kept: Samples × pairs; unreachable pairs are not counted.
        unwanted: Samples × pairs in which the robot touches and the human gap is
            beyond 30 mm.
        recall: kept / asked, None where nothing was asked.
        precision: Touches that the human made or nearly made (30 mm) over all touches.
        gap_mm: Mean |gap| over the asked samples [mm], None where nothing was asked.
        unreachable: Asked pairs that this robot cannot close.
    """

    asked: int
    kept: int
    unwanted: int
    recall: float | None
    precision: float | None
    gap_mm: float | None
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True)
class RetargetReport:
    """Kinematic truth about one retargeted clip.

    "Human-size" figures are divided by the scale, so that large and small hands compare.
    An unsolved frame has a fingertip more than `unsolved_bound_mm` from its target
    (human size), or did not converge, or is velocity-saturated within a run of more
    than three human frames with a fingertip more than two thirds of that bound off.

    Attributes:
        robot: Name.
        frames: Frames of the human motion.
        stretch: Robot seconds per human second; the soft start and end come on top.
        scale: Robot size per human size.
        tip_error_mm: Fingertip to target, mean over time and fingers [mm].
        tip_error_p95_mm: 95th percentile.
        tip_error_human_mm, tip_error_human_p95_mm: The same, human-size.
        finger_error_mm: side → finger → mean error [mm].
        calibration_residual_mm: side → fit residual of the calibration [mm].
        pinch, inter_hand: Contacts within a hand and between the hands.
        contacts: The asked pairs one by one.
        position_violations, velocity_violations: Counted on the spline's extrema.
        top_speed_ratio: Largest joint velocity over its limit, at most 1.
        wrist_speed, wrist_turn_rate: Largest wrist velocities [m/s, rad/s].
        jerk_rms: Root mean square of the joints' third derivative [rad/s³].
        penetration_mm: Deepest overlap of the collision capsules [mm]; "self" within a
            hand and "inter" between the two.
        unsolved: Indices of unsolved human frames.
        saturated_fraction: Fraction of samples in which a velocity limit held a hand
            back.
        seconds: Computing time by stage [s].
        unsolved_bound_mm: See above.
        arms: What the arms could follow; None for hands on free bases.
    """

    robot: str
    frames: int
    stretch: float
    scale: float
    tip_error_mm: float
    tip_error_p95_mm: float
    tip_error_human_mm: float
    tip_error_human_p95_mm: float
    finger_error_mm: Mapping[str, Mapping[str, float]]
    calibration_residual_mm: Mapping[str, float]
    pinch: ContactScore
    inter_hand: ContactScore
    contacts: tuple[ContactFigures, ...]
    position_violations: int
    velocity_violations: int
    top_speed_ratio: float
    wrist_speed: float
    wrist_turn_rate: float
    jerk_rms: float
    penetration_mm: Mapping[str, float]
    unsolved: tuple[int, ...]
    saturated_fraction: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    unsolved_bound_mm: float = 30.0
    penetrating_fraction: Mapping[str, float] = field(default_factory=dict)
    further: Mapping[str, float | None] = field(default_factory=dict)
    arms: ArmReport | None = None

    def to_dict(self) -> dict:
        """Plain values, ready for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """The report as JSON text."""
        body = {"schema_version": SCHEMA_VERSION, **self.to_dict()}
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, path: str | Path) -> Path:
        """Write the report atomically as JSON."""
        return npz.write_text(path, self.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "RetargetReport":
        """Read a report written by `save`.

        Raises:
            InputError: Missing, not JSON, or a field is missing or of another kind.
        """
        try:
            body = json.loads(Path(path).read_text(encoding="utf-8"))
            body.pop("schema_version", None)
            for name in ("pinch", "inter_hand"):
                score = body[name]
                body[name] = ContactScore(
                    **{**score, "unreachable": tuple(score["unreachable"])}
                )
            body["contacts"] = tuple(ContactFigures(**row) for row in body["contacts"])
            body["unsolved"] = tuple(body["unsolved"])
            if body.get("arms") is not None:
                body["arms"] = ArmReport(**body["arms"])
            return cls(**body)
        except FileNotFoundError:
            raise InputError(path, "", "no such file", "retarget first") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                path, "", f"not a retarget report ({type(error).__name__}: {error})",
                "run `handx retarget` again",
            ) from error  # fmt: skip

    def rows(self) -> list[tuple[str, str]]:
        """Label and value of what a reader wants to know first."""
        rows = [
            ("time stretch", f"×{self.stretch:.2f}"),
            (
                "fingertip error",
                f"{self.tip_error_mm:.1f} mm, p95 {self.tip_error_p95_mm:.1f} mm "
                f"(human size {self.tip_error_human_mm:.1f} mm)",
            ),
            ("pinches", _describe(self.pinch)),
            ("contacts between hands", _describe(self.inter_hand)),
            (
                "limit violations",
                f"{self.position_violations} position, "
                f"{self.velocity_violations} velocity",
            ),
            ("top speed", f"{100 * self.top_speed_ratio:.0f} % of the joint's limit"),
            (
                "commanded overlap",
                f"{self.penetration_mm['self']:.1f} mm within a hand, "
                f"{self.penetration_mm['inter']:.1f} mm between hands",
            ),
            ("unsolved frames", f"{len(self.unsolved)} of {self.frames}"),
            ("saturated samples", f"{100 * self.saturated_fraction:.1f} %"),
            *(self.arms.rows() if self.arms is not None else ()),
        ]
        rows += [
            (label, form.format(value))
            for name, label, form in _FURTHER
            if (value := self.further.get(name)) is not None
        ]
        for pair in (*self.pinch.unreachable, *self.inter_hand.unreachable):
            floor = next(c.floor_mm for c in self.contacts if c.pair == pair)
            rows.append(("out of reach", f"{pair}: misses by {floor:.0f} mm"))
        return rows


def _describe(score: ContactScore) -> str:
    """One contact score in words."""
    if score.recall is None or score.gap_mm is None:
        return "none asked" if not score.unreachable else "none within reach"
    return (
        f"{100 * score.recall:.0f} % of {score.asked} asked samples kept, "
        f"mean gap {score.gap_mm:.1f} mm, {score.unwanted} unwanted"
    )


def contact_score(
    asked: np.ndarray,
    human_gap: np.ndarray,
    made: np.ndarray,
    gap: np.ndarray,
    pairs: tuple[str, ...],
    floors: Mapping[str, float],
) -> ContactScore:
    """Score of the given pairs.

    Args:
        asked: (T, P) bool, human contacts.
        human_gap: (T, P) human gaps [m].
        made: (T, P) bool, robot contacts.
        gap: (T, P) robot gaps [m].
        pairs: P names.
        floors: pair → smallest reachable gap [m], where known.
    """
    can = np.array([floors.get(pair, 0.0) <= 0.005 for pair in pairs], bool)
    unreachable = tuple(
        pair for pair, ok, on in zip(pairs, can, asked.any(0)) if on and not ok
    )
    wanted = asked & can if len(pairs) else asked
    count, kept = int(wanted.sum()), int((wanted & made).sum())
    touches = int(made.sum())
    unwanted = int((made & (human_gap > NEAR)).sum())
    return ContactScore(
        asked=count,
        kept=kept,
        unwanted=unwanted,
        recall=kept / count if count else None,
        precision=1 - unwanted / touches if touches else None,
        gap_mm=float(np.abs(gap[wanted]).mean() * 1000) if count else None,
        unreachable=unreachable,
    )
