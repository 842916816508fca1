"""Errors of retargeting."""

from handx_gen.errors import HandxError


class RetargetError(HandxError):
    """A motion that cannot be put on a robot, or a trajectory that may not leave."""


class LimitViolation(RetargetError):
    """A trajectory breaks a limit.

    Args:
        joint: Name of the joint at fault.
        quantity: "position", "velocity" or "acceleration".
        value: Worst value [rad, rad/s or rad/s²].
        lower, upper: What is allowed.
        time: When [s].
    """

    def __init__(
        self,
        joint: str,
        quantity: str,
        value: float,
        lower: float,
        upper: float,
        time: float,
    ) -> None:
        self.joint, self.quantity, self.value = joint, quantity, value
        self.lower, self.upper, self.time = lower, upper, time
        unit = {"position": "rad", "velocity": "rad/s"}.get(quantity, "rad/s²")
        super().__init__(
            f"{joint}: {quantity} {value:.4f} {unit} at {time:.3f} s is outside "
            f"[{lower:.4f}, {upper:.4f}]. Fix: retarget the motion again; an edited "
            "trajectory is not repaired."
        )
