"""`handx annotate`: five levels of captions for every clip of a store or folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from training.annotate import Tally, Writing


@dataclass(frozen=True)
class Annotate:
    """Write captions for every clip, from its measured events, and check them.

      handx annotate store
      handx annotate store --backend http --url http://127.0.0.1:8000/v1 --model qwen3
      handx annotate takes/ --backend local --model ./a-chat-model

    Five levels of detail for left, right and both hands. "grammar" needs no model;
    "http" asks any OpenAI-compatible endpoint, its key taken from $HANDX_API_KEY. What
    the verifier refuses is asked for again, and at last written by the grammar. Run it
    again after a stop: it goes on where it was. Exit code 1 if a clip got no captions.
    """

    clips: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="STORE")]
    """A store (captions go into it), or a folder of motions (captions beside them)."""
    backend: Literal["grammar", "http", "local"] = "grammar"
    """Who writes."""
    url: str = "http://127.0.0.1:8000/v1"
    """Endpoint, for http; https unless it is on this machine."""
    model: str = ""
    """Model name at the endpoint, or folder or hub name of a local one."""
    revision: str | None = None
    """Revision of a local model on the hub."""
    key_variable: str = "HANDX_API_KEY"
    """Environment variable that holds the endpoint's key."""
    cache: Path | None = None
    """Folder of the endpoint's answers, so that nothing is paid for twice."""
    price_in: float = 0.0
    """Price of a million tokens asked, to count the cost."""
    price_out: float = 0.0
    """Price of a million tokens answered."""
    device: str = "cpu"
    """Where a local model runs."""
    workers: int = 4
    """Requests under way at once, or processes."""
    seed: int = 0
    """Varies the wording."""
    replace: bool = False
    """Also caption clips that came with captions."""
    ray: bool = False
    """Work on the Ray cluster that RAY_ADDRESS names, or on one started here."""

    def execute(self) -> int:
        """Annotate, and print what was written and spent."""
        from handx.cli import console
        from handx_gen.errors import InputError
        from training.annotate import annotate
        from training.annotated import open_clips

        if self.workers < 1:
            raise InputError("--workers", "", f"{self.workers}", "give 1 or more")
        how = self._writing()
        with console.counting("annotating") as say:

            def report(tally: "Tally") -> None:
                say(
                    f"{tally.written} clips written, {tally.before} there before, "
                    f"{len(tally.failed)} failed"
                )

            try:
                clips = open_clips(self.clips, self.replace)
                tally = annotate(clips, how, self.workers, self.ray, report)
            except KeyboardInterrupt:
                console.console().print("stopped; the same command goes on")
                return 130
        return self._tell(tally, how)

    def _writing(self) -> "Writing":
        from handx_gen.endpoint import Endpoint
        from handx_gen.errors import InputError
        from training.annotate import Writing

        if self.backend != "grammar" and not self.model:
            raise InputError("--model", "", "not given", "name the model to ask")
        endpoint = None
        if self.backend == "http":
            endpoint = Endpoint(
                self.url, self.model, self.key_variable,
                price_in=self.price_in, price_out=self.price_out,
            )  # fmt: skip
        return Writing(
            self.backend, endpoint, self.cache, self.model, self.revision, self.device,
            self.seed,
        )  # fmt: skip

    def _tell(self, tally: "Tally", how: "Writing") -> int:
        from handx.cli import console

        rows: list[tuple[str, object]] = [
            ("clips written", tally.written),
            ("there before", tally.before),
            ("without captions", len(tally.failed)),
            ("levels written by the grammar instead", tally.replaced),
            ("levels the verifier still refuses", tally.unverified),
        ]
        if self.backend == "http":
            spent = tally.spent
            counts = spent["prompt_tokens"], spent["completion_tokens"]
            assert how.endpoint is not None
            cost = how.endpoint.cost(*counts)
            rows += [
                ("requests", f"{spent['requests']}, {spent['retries']} repeated"),
                ("from the cache", spent["cached"]),
                ("tokens asked / answered",
                 "{} / {}".format(*counts)),
                ("cost", f"{cost:.4f}"),
            ]  # fmt: skip
        console.console().print(console.facts(f"captions of {self.clips}", rows))
        for clip, problem in list(tally.failed.items())[:5]:
            console.console().print(f"  {clip}: {problem}", markup=False)
        return 1 if tally.failed else 0
