"""`handx plan`: a request → segments that people can read and change."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from handx_gen.planning.rules import Proposal


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """Break a request down into segments, before any hand moves.

      handx plan "applaud, then pray" --out plan.json
      handx plan "greet a friend" --url http://127.0.0.1:8000/v1 --chat qwen3
      handx run --plan plan.json

    Without --url the same rules plan that read a request; with it any OpenAI-compatible
    endpoint proposes the segments, its key taken from $HANDX_API_KEY (plain http only on
    this machine). The plan is JSON: change the words, the order or the seconds as you
    like. Exit code 1 if the rules cannot read all of the plan.
    """

    text: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TEXT")]
    """What the hands should do, in English."""
    out: Path | None = None
    """File for the plan; without it the plan is only printed."""
    seconds: float | None = None
    """How long all of it lasts [s] (rules only)."""
    url: str = ""
    """Endpoint that plans instead of the rules."""
    chat: str = ""
    """Model name at the endpoint."""
    key_variable: str = "HANDX_API_KEY"
    """Environment variable that holds the endpoint's key."""
    seed: int = 0
    """Of the model's sampling, where it knows one."""

    def execute(self) -> int:
        """Plan, print, and write the plan."""
        from handx.cli import console
        from handx_gen.planning import save_plan
        from handx_gen.procedural.reader import read

        with console.progress("planning"):
            proposal = self._propose()
        rows = []
        for number, segment in enumerate(proposal.plan.segments, 1):
            length = (
                "as needed" if segment.seconds is None else f"{segment.seconds:g} s"
            )
            read_back = read(segment.prompt.text)
            known = "yes" if read_back.requested.understood else "not in full"
            rows.append((str(number), segment.prompt.text, length, known))
        terminal = console.console()
        terminal.print(
            console.listing("plan", ("", "what the hands do", "length", "known"), rows)
        )
        if proposal.unread:
            words = ", ".join(repr(word) for word in proposal.unread)
            terminal.print(
                f"not read: {words}; nearest: “{proposal.nearest}”", markup=False
            )
        if self.out is not None:
            save_plan(proposal.plan, self.out)
            terminal.print(f"{self.out}: change it as you like, then handx run --plan")
        return 1 if proposal.unread else 0

    def _propose(self) -> "Proposal":
        from handx_gen.errors import InputError
        from handx_gen.planning import plan_by_rules

        if not self.url:
            return plan_by_rules(self.text, self.seconds)
        from handx_gen.endpoint import Chat, Endpoint
        from handx_gen.planning.endpoint import SCHEMA, plan_by_endpoint

        if not self.chat:
            raise InputError("--chat", "", "not given", "name the model to ask")
        if self.seconds is not None:
            raise InputError(
                "--seconds", "", "given beside --url", "say the length in the request"
            )
        endpoint = Endpoint(self.url, self.chat, self.key_variable)
        return plan_by_endpoint(Chat(endpoint, SCHEMA, "plan"), self.text, self.seed)
