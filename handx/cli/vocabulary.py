"""`handx vocabulary`: what can be asked."""

from dataclasses import dataclass
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Vocabulary:
    """List the movements that are known, with a sentence that asks for each.

    Movements combine: "then", "while", counts, sides, fingers, "slowly" and "for two
    seconds" may be added. What is not in this list is met with the nearest known
    request and "can't tell".

      handx vocabulary
      handx vocabulary palm
      handx run "spread the fingers, then clap three times"
    """

    about: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="WORD")] = ""
    """Only movements that have this word in their name, title or examples."""

    def execute(self) -> int:
        """Print the list, group by group."""
        from handx.cli import console
        from handx_gen.errors import InputError
        from handx_gen.procedural.vocabulary import PRIMITIVES, grouped

        word = self.about.lower()
        terminal = console.console()
        count = 0
        for title, primitives in grouped().items():
            rows = [
                (primitive.name, primitive.title, "\n".join(primitive.examples))
                for primitive in primitives
                if word in " ".join((title, primitive.name, primitive.title,
                                     *primitive.examples)).lower()
            ]  # fmt: skip
            count += len(rows)
            if rows:
                terminal.print(
                    console.listing(title, ("name", "what", "for example"), rows)
                )
        if not count:
            raise InputError("WORD", "", f"no movement with {self.about!r}",
                             "leave it out to see all")  # fmt: skip
        terminal.print(f"{count} of {len(PRIMITIVES)} movements")
        return 0
