"""Errors of the project's own making: every bad input ends as one of these.

`HandxError` is what the command line turns into exit code 2. A message names the file
or object, the field, what is wrong with it and what to do.
"""


class HandxError(Exception):
    """Base of every error that a user can act on."""


class InputError(HandxError):
    """An input (file, text, option) that cannot be used.

    Args:
        where: File name, option or object the input came from.
        field: Field, array or joint at fault; empty where the whole input is.
        problem: What is wrong, with the value seen.
        fix: What the user should do.
    """

    def __init__(self, where: object, field: str, problem: str, fix: str = "") -> None:
        self.where, self.field, self.problem, self.fix = str(where), field, problem, fix
        middle = f" [{field}]" if field else ""
        tail = f" Fix: {fix}" if fix else ""
        super().__init__(f"{self.where}{middle}: {problem}.{tail}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:
        # The constructor takes more than the message: a worker's error must come back.
        return type(self), (self.where, self.field, self.problem, self.fix)


class MissingExtra(HandxError):
    """A feature was asked for whose packages are not installed."""

    def __init__(self, feature: str, extra: str, package: str) -> None:
        self.feature, self.extra, self.package = feature, extra, package
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed. "
            f"Fix: pip install 'handx[{extra}]'"
        )

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.feature, self.extra, self.package)
