"""Diagnostics in the words of diagnostic_msgs, as plain dictionaries."""

from collections.abc import Mapping
from typing import Any

OK, WARN, ERROR = 0, 1, 2

LEVELS = {"hold": WARN, "fault": ERROR, "estop": ERROR}
"""State of the streamer → level; everything else is OK."""


def diagnostic(
    node: str, state: str, message: str, values: Mapping[str, object]
) -> dict[str, Any]:
    """The fields of one DiagnosticStatus.

    Args:
        node: Full name of the node.
        state: What it is doing.
        message: Why.
        values: What else is worth knowing.
    """
    return {
        "level": bytes([LEVELS.get(state, OK)]),
        "name": f"{node}: motion",
        "message": f"{state}: {message}" if message else state,
        "hardware_id": "handx",
        "values": [{"key": key, "value": str(value)} for key, value in values.items()],
    }
