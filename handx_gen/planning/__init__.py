"""Any request → a `Plan` that people can read and change before hands move."""

from handx_gen.planning.plan_file import load_plan, save_plan
from handx_gen.planning.rules import plan_by_rules

__all__ = ["load_plan", "plan_by_rules", "save_plan"]
