"""`ArmReport`: how far a robot's arms could follow its hands."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ArmReport:
    """What the arms could do.

    Attributes:
        shift: (3,) how the motion was moved from where `placement.place` put it [m].
        position_mm: side → mean, 95th percentile and largest distance of the hand's root
            from where it should be [mm].
        turn_deg: side → the same of its orientation [deg].
        reached: side → share of samples within 5 mm and 5°.
        missed: side → first and last second of each stretch that is not reached.
        at_limit: Joints that are at a limit somewhere → share of samples.
        clearance_mm: Smallest distance of arms, trunk and hands (not hand to hand);
            negative where they overlap [mm].
        top_speed_ratio: Largest joint velocity over its limit.
        lean_mm: Largest sideways shift of the centre of mass from the rest pose [mm],
            legs not counted.
        lean_bound_mm: What it should stay within [mm].
    """

    shift: tuple[float, float, float]
    position_mm: Mapping[str, tuple[float, float, float]]
    turn_deg: Mapping[str, tuple[float, float, float]]
    reached: Mapping[str, float]
    missed: Mapping[str, tuple[tuple[float, float], ...]]
    at_limit: Mapping[str, float]
    clearance_mm: float
    top_speed_ratio: float
    lean_mm: float
    lean_bound_mm: float

    def to_dict(self) -> dict:
        """Plain values, ready for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """What and its value, for a table."""
        rows = []
        for side in self.reached:
            p, t = self.position_mm[side], self.turn_deg[side]
            rows.append(
                (
                    f"{side} arm",
                    f"{100 * self.reached[side]:.0f} % of the path reached; mean "
                    f"{p[0]:.1f} mm, {t[0]:.1f}°; worst {p[2]:.1f} mm, {t[2]:.1f}°",
                )
            )
            if self.missed[side]:
                spans = ", ".join(
                    f"{a:.1f}–{b:.1f} s" for a, b in self.missed[side][:4]
                )
                rows.append(("… not reached at", spans))
        held = ", ".join(f"{k} ({100 * v:.0f} %)" for k, v in self.at_limit.items())
        return [
            *rows,
            ("joints at a limit", held or "none"),
            ("arms keep apart by", f"{self.clearance_mm:.0f} mm"),
            ("arms' top speed", f"{100 * self.top_speed_ratio:.0f} % of the limit"),
            (
                "centre of mass",
                f"shifts {self.lean_mm:.0f} mm sideways at most "
                f"(bound {self.lean_bound_mm:.0f} mm, legs not counted)",
            ),
        ]
