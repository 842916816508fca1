"""`handx vocabulary`: what can be asked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """List the movements that are known, with a sentence that asks for each.

    Movements combine: "then", "while", counts, sides and fingers may be added. What is
    not in this list is met with the nearest known request and "can't tell".

      handx vocabulary
      handx run "spread the fingers, then clap three times"
    """

    def execute(self) -> int:
        """Print the list."""
        from handx.cli import console
        from handx_gen.procedural.vocabulary import PRIMITIVES

        rows = [
            (primitive.name, primitive.title, "\n".join(primitive.examples))
            for primitive in PRIMITIVES.values()
        ]
        console.console().print(
            console.listing(
                f"vocabulary: {len(rows)} movements",
                ("name", "what", "for example"),
                rows,
            )
        )
        return 0
