"""Every public name resolves, and none hides a module of its package."""

import importlib
import pkgutil
from types import ModuleType

import pytest

PACKAGES = ("robots", "handx_gen", "retarget", "sim", "training", "handx")


def packages() -> list[str]:
    """Our packages and their subpackages."""
    names = list(PACKAGES)
    for package in PACKAGES:
        module = importlib.import_module(package)
        names += [
            info.name
            for info in pkgutil.walk_packages(module.__path__, f"{package}.")
            if info.ispkg
        ]
    return names


@pytest.mark.parametrize("name", packages())
def test_public_names_resolve(name: str) -> None:
    package = importlib.import_module(name)
    public = getattr(package, "__all__", [])
    assert len(set(public)) == len(public)
    for public_name in public:
        getattr(package, public_name)


@pytest.mark.parametrize("name", packages())
def test_no_public_name_hides_a_module(name: str) -> None:
    # `from package import thing` must not mean the function before `package.thing` has
    # been imported and the module afterwards.
    package = importlib.import_module(name)
    modules = {info.name for info in pkgutil.iter_modules(package.__path__)}
    for public_name in set(getattr(package, "__all__", [])) & modules:
        assert isinstance(getattr(package, public_name), ModuleType), public_name


@pytest.mark.parametrize("name", PACKAGES)
def test_a_misspelt_name_is_an_attribute_error(name: str) -> None:
    package = importlib.import_module(name)
    with pytest.raises(AttributeError):
        package.no_such_name  # noqa: B018
