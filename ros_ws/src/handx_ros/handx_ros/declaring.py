"""Declaring a table of parameters on a node."""

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)

from handx_ros.parameters import Parameter


def declare(node: Any, table: Sequence[Parameter]) -> None:
    """Declare every parameter with its description, range and choices."""
    rows = {row.name: row for row in table}

    def judge(parameters: Sequence[Any]) -> SetParametersResult:
        for parameter in parameters:
            row = rows.get(parameter.name)
            refusal = row.refuses(parameter.value) if row else ""
            if refusal:
                return SetParametersResult(successful=False, reason=refusal)
        return SetParametersResult(successful=True)

    # First, so that what is given at start is judged as well.
    node.add_on_set_parameters_callback(judge)
    for row in table:
        node.declare_parameter(row.name, row.default, _descriptor(row))


def _descriptor(row: Parameter) -> ParameterDescriptor:
    found = ParameterDescriptor(
        name=row.name, description=row.description, read_only=row.read_only
    )
    if row.choices:
        found.additional_constraints = f"one of {', '.join(row.choices)}"
    if row.low is not None and row.high is not None:
        if isinstance(row.default, float):
            found.floating_point_range = [
                FloatingPointRange(from_value=row.low, to_value=row.high, step=0.0)
            ]
        else:
            found.integer_range = [
                IntegerRange(from_value=int(row.low), to_value=int(row.high), step=1)
            ]
    return found
