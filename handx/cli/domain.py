"""The ROS domain that a command speaks in."""

import os

from handx_gen.errors import InputError


def ros_domain(given: int | None) -> int:
    """The domain given, else the environment's, else 0.

    Raises:
        InputError: ROS_DOMAIN_ID is no number.
    """
    if given is not None:
        return given
    value = os.environ.get("ROS_DOMAIN_ID") or "0"
    if not value.isdecimal():
        raise InputError(
            "environment", "ROS_DOMAIN_ID", f"{value!r} is no number",
            "unset it or give --domain",
        )  # fmt: skip
    return int(value)
