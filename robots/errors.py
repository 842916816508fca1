"""The one error of this package."""


class RobotError(Exception):
    """A robot folder, name or file that cannot be used; says where and what to do."""

    def __init__(self, where: object, field: str, problem: str, fix: str = "") -> None:
        self.where, self.field, self.problem, self.fix = str(where), field, problem, fix
        middle = f" [{field}]" if field else ""
        tail = f" Fix: {fix}" if fix else ""
        super().__init__(f"{self.where}{middle}: {problem}.{tail}")
