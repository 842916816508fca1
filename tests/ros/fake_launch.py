"""The few classes of launch and launch_ros that the launch files use."""

import sys
import types


class Entity:
    """Remembers how it was made."""

    def __init__(self, *arguments, **options):
        self.arguments, self.options = arguments, options


class LaunchDescription:
    def __init__(self, entities):
        self.entities = entities


class DeclareLaunchArgument:
    def __init__(self, name, *, default_value, description):
        assert isinstance(default_value, str)
        assert description.endswith(".")
        self.name, self.default = name, default_value


class OpaqueFunction:
    def __init__(self, *, function):
        self.function = function


class LaunchConfiguration:
    def __init__(self, name):
        self.name = name

    def perform(self, context):
        return context[self.name]


class Node:
    def __init__(self, *, package, executable, parameters=(), remappings=(), arguments=(),
                 namespace="", output="log", respawn=False, respawn_delay=0.0,
                 sigterm_timeout="5"):  # fmt: skip
        self.package, self.executable, self.namespace = package, executable, namespace
        self.parameters, self.arguments = list(parameters), list(arguments)
        self.remappings = list(remappings)
        for entry in self.parameters:
            assert isinstance(entry, str | dict)
            for value in entry.values() if isinstance(entry, dict) else ():
                assert isinstance(value, str | bool | int | float)
        assert all(isinstance(a, str) for a in self.arguments)


class ExecuteProcess:
    def __init__(self, *, cmd, output="log"):
        self.cmd = cmd


class IncludeLaunchDescription:
    def __init__(self, source, *, launch_arguments):
        self.path = source.arguments[0]
        self.given = dict(launch_arguments)


def install(shares):
    """Make `import launch` and its siblings work.

    Args:
        shares: Package → its share folder.
    """

    def module(name, **members):
        made = types.ModuleType(name)
        made.__dict__.update(members)
        sys.modules[name] = made

    module(
        "launch", LaunchContext=dict, LaunchDescription=LaunchDescription,
        LaunchDescriptionEntity=object,
    )  # fmt: skip
    module(
        "launch.actions", DeclareLaunchArgument=DeclareLaunchArgument,
        ExecuteProcess=ExecuteProcess, IncludeLaunchDescription=IncludeLaunchDescription,
        OpaqueFunction=OpaqueFunction,
    )  # fmt: skip
    module("launch.substitutions", LaunchConfiguration=LaunchConfiguration)
    module("launch.launch_description_sources", PythonLaunchDescriptionSource=Entity)
    module("launch_ros")
    module("launch_ros.actions", Node=Node)
    module("ament_index_python")
    module(
        "ament_index_python.packages", get_package_share_directory=lambda p: shares[p]
    )


def run(path, **given):
    """The entities that a launch file starts with these arguments."""
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    entities = scope["generate_launch_description"]().entities
    declared = {
        e.name: e.default for e in entities if isinstance(e, DeclareLaunchArgument)
    }
    unknown = set(given) - set(declared)
    assert not unknown, unknown
    found = []
    for entity in entities:
        if isinstance(entity, OpaqueFunction):
            found += entity.function({**declared, **given})
    return found
