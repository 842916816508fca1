"""`RetargetOptions`: what a user may choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from retarget.errors import RetargetError
from retarget.objective import Deviations


@dataclass(frozen=True)
class RetargetOptions:
    """Choices of the user.

    Attributes:
        max_stretch: Time is stretched by at most this factor.
        tolerated: How far velocity limits may keep a joint from where it should be before
            time is stretched further [rad].
        rate: Knots per second of the trajectory [Hz].
        solve_rate: A faster recording is solved at this rate [Hz].
        wrist_speed: Limit of the wrist's linear velocity [m/s].
        wrist_turn_rate: Limit of its angular velocity [rad/s].
        deviations: Costs.
        floors: Contact pair → smallest gap that the robot can reach [m]; by default what
            its capability.json says.
        acceleration_limits: Whether the joints' acceleration limits are kept like those
            of velocity, also between knots; without it accelerations are a cost alone.
        iterations: Gauss–Newton steps of each of the two passes, at most; by default 40,
            and 80 for hands that state boxes, along whose edges steps are shorter.
    """

    max_stretch: float = 3.0
    tolerated: float = 0.2
    rate: float = 100.0
    solve_rate: float = 60.0
    wrist_speed: float = 1.0
    wrist_turn_rate: float = 6.0
    deviations: Deviations = field(default_factory=Deviations)
    floors: Mapping[str, float] | None = None
    acceleration_limits: bool = False
    iterations: int | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "solve_rate", "wrist_speed", "wrist_turn_rate"):
            if not getattr(self, name) > 0:
                raise RetargetError(f"options [{name}]: must be positive")
        if not self.max_stretch >= 1:
            raise RetargetError("options [max_stretch]: must be at least 1")
        if self.iterations is not None and self.iterations < 1:
            raise RetargetError("options [iterations]: must be at least 1")
