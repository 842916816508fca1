"""Packages that only some exports need."""

from importlib.util import find_spec

from handx_gen.errors import HandxError


class MissingExtra(HandxError):
    """A package is not installed; names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"the package {package} is not installed. Fix: pip install "
            f"'handx[{extra}]' (in a clone: '.[{extra}]')"
        )


def need(*packages: str, extra: str) -> None:
    """Say so in one line where a package is missing, before anything is written.

    Raises:
        MissingExtra: Names the package and the extra.
    """
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtra(package, extra)
