"""`handx export mano`: a motion as the parameters of the MANO hand model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

PARAMETERS, PICTURE = "mano.npz", "mano.png"


@dataclass(frozen=True)
class ExportMano:
    """A motion as the parameters of the MANO hand model, and a picture of its surface.

    Writes mano.npz (for each hand betas, global_orient, hand_pose, transl; the pose
    relative to the flat hand) and mano.png, and prints how closely the model's joints
    fit the motion's. Needs the extra mano and the model's two files, which their
    licence lets nobody pass on: get them at https://mano.is.tue.mpg.de.

      handx export mano out/motion.npz --model mano_v1_2/models --out out
      handx export mano out/motion.npz --model MANO_RIGHT.pkl --out out

    The folder may be named once and for all by $HANDX_MANO. A motion with a left hand
    needs MANO_RIGHT too: the published left file is mended by it.
    """

    motion: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="MOTION.NPZ")]
    """The motion."""
    model: Path | None = None
    """Folder of MANO_LEFT and MANO_RIGHT (.pkl or .npz), or one of the files."""
    out: Path = Path("out")
    """Folder for the results."""

    def execute(self) -> int:
        """Fit, write, and print the table."""
        from handx import files
        from handx.cli import console
        from handx.cli.mesh_picture import draw_surfaces
        from handx_gen.mano import vertices
        from handx_gen.mano_file import load_mano
        from handx_gen.mano_fit import fit_motion
        from handx_gen.motion import BimanualMotion

        motion = BimanualMotion.load(self.motion)
        folder = self._folder()
        with files.staged(self.out, (PARAMETERS, PICTURE)) as temporary:
            with console.counting("fitting"):
                fitted = fit_motion(motion, folder)
            fitted.save(temporary / PARAMETERS)
            models = {side: load_mano(side, folder) for side in fitted.hands}
            draw_surfaces(
                {s: vertices(hand, models[s]) for s, hand in fitted.hands.items()},
                {side: model.f for side, model in models.items()},
                temporary / PICTURE,
            )
        errors = fitted.provenance["mano_error"]
        rows: list[tuple[str, object]] = [
            ("frames", f"{len(motion)} at {motion.fps:g} Hz"),
            *(
                (f"{side} hand", f"joints {1000 * errors[side]:.2f} mm off in the mean")
                for side in fitted.hands
            ),
            ("parameters", self.out / PARAMETERS),
            ("picture", self.out / PICTURE),
        ]
        console.console().print(console.facts(f"{self.motion} as MANO", rows))
        return 0

    def _folder(self) -> Path | None:
        """The folder of the model files; None takes the one that HANDX_MANO names."""
        from handx_gen.errors import InputError

        if self.model is None:
            return None
        if not self.model.exists():
            raise InputError(self.model, "--model", "no such file or folder")
        return self.model if self.model.is_dir() else self.model.parent
