"""How the modules lean on each other, read from every import, those inside functions too."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import autodiff
import nn
import viz

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("autodiff", "nn", "viz")
DOORS = {("autodiff.value", "viz.notebook"), ("autodiff.__main__", "viz.command.cli")}

# The rooms of viz, lowest first; rooms that stand side by side share a floor.
FLOORS_OF_VIZ = (
    ("languages",),
    ("fold", "layout"),
    ("words",),
    ("dot",),
    ("pages", "plots"),
    ("classroom", "notebook"),
    ("command",),
)
ROOMS = {room: k for k, rooms in enumerate(FLOORS_OF_VIZ) for room in rooms}

LARGEST_CIRCLE = 6  # modules; the engine's own: a Value fires gates, and gates make Values
MOST_FILES = 12  # in one folder


class Arrow(NamedTuple):
    """Module `tail` imports module `head`."""

    tail: str
    head: str
    line: int

    def __str__(self) -> str:
        return f"{self.tail}:{self.line} imports {self.head}"


def module_files() -> dict[str, Path]:
    found = {}
    for path in (path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = module_files()


def arrows_from(name: str, tree: ast.Module, is_package: bool) -> Iterator[Arrow]:
    """What is imported at run time, by a function or at once; not what type checkers import."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            heads = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = name.split(".")
            around = around[: len(around) - node.level + is_package] if node.level else []
            source = ".".join([*around, *filter(None, [node.module])])
            inner = (f"{source}.{alias.name}" for alias in node.names)
            heads = [module if module in MODULES else source for module in inner]
        else:
            continue
        yield from (Arrow(name, head, node.lineno) for head in heads if head in MODULES)


ARROWS = [
    arrow
    for name, path in MODULES.items()
    for arrow in arrows_from(name, ast.parse(path.read_bytes()), path.name == "__init__.py")
]


def floor(module: str) -> int:
    return FLOORS.index(module.partition(".")[0])


def circles(arrows: list[tuple[str, str]]) -> list[set[str]]:
    """The strongly connected components of more than one module."""
    after: dict[str, set[str]] = {end: set() for arrow in arrows for end in arrow}
    for tail, head in arrows:
        after[tail].add(head)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        pending = [start]
        while pending:
            new = after[pending.pop()] - seen
            seen |= new
            pending += new
        return seen

    below = {module: reached(module) for module in after}
    components = {
        frozenset(other for other in below[module] if module in below[other]) for module in after
    }
    return [set(component) for component in components if len(component) > 1]


def test_imports_are_seen_wherever_they_stand() -> None:
    code = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from nn import Module\n"
        "def f():\n    from .gates import GATES\n    import viz.notebook\n"
    )
    found = arrows_from("autodiff.value", ast.parse(code), is_package=False)
    assert {arrow.head for arrow in found} == {"autodiff.gates", "viz.notebook"}


def test_circles_are_strongly_connected_components() -> None:
    arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("f", "a")]
    assert sorted(map(sorted, circles(arrows))) == [["a", "b", "c"], ["d", "e"]]


def test_no_floor_imports_a_higher_one_but_through_the_doors() -> None:
    upward = {arrow for arrow in ARROWS if floor(arrow.tail) < floor(arrow.head)}
    assert sorted({arrow[:2] for arrow in upward} - DOORS) == []
    assert {arrow[:2] for arrow in upward} == DOORS, "a door that nobody uses"


def test_no_module_imports_its_own_package_as_a_whole() -> None:
    """It imports the module that has what it needs, so that nothing leads in a circle."""
    assert [str(a) for a in ARROWS if a.head == a.tail.partition(".")[0] != a.tail] == []


def test_circles_of_imports_are_small() -> None:
    arrows = [arrow[:2] for arrow in ARROWS if arrow[:2] not in DOORS]
    assert [sorted(c) for c in circles(arrows) if len(c) > LARGEST_CIRCLE] == []


def test_the_rooms_of_viz_use_lower_rooms_only() -> None:
    wrong = []
    for arrow in (a for a in ARROWS if a.tail.startswith("viz.") and a.head.startswith("viz.")):
        tail, head = (end.split(".")[1] for end in arrow[:2])
        if tail != head and ROOMS[tail] <= ROOMS[head]:
            wrong.append(str(arrow))
    assert wrong == []


@pytest.mark.parametrize("package", FLOORS)
def test_no_folder_is_crowded(package: str) -> None:
    folders = [ROOT / package, *(path for path in (ROOT / package).rglob("*") if path.is_dir())]
    counts = {
        str(folder.relative_to(ROOT)): sum(path.is_file() for path in folder.iterdir())
        for folder in folders
        if folder.name != "__pycache__"
    }
    assert {folder: n for folder, n in counts.items() if n > MOST_FILES} == {}


@pytest.mark.parametrize("package", [autodiff, nn, viz], ids=lambda package: package.__name__)
def test_public_names_are_there_and_no_module_hides_them(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    names = package.__all__
    assert len(set(names)) == len(names)
    assert set(names) <= set(dir(package))
    assert [n for n in names if isinstance(getattr(package, n), ModuleType) and n != "losses"] == []


@pytest.mark.parametrize("package", [autodiff, viz], ids=lambda package: package.__name__)
def test_a_name_that_there_is_not_is_refused(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'no"):
        _ = package.nonsense


OF_THE_PROCESS = {"catch_warnings", "chdir", "errstate", "filterwarnings", "resetwarnings",
                  "setrecursionlimit", "seterr", "simplefilter", "umask"}  # fmt: skip
KNOWN = {
    "autodiff.compiler.write.backends",  # in a context of its own
    "viz.command.classroom",  # the command is the process
}


def test_settings_of_the_process_are_left_alone() -> None:
    """Not even for a while: other threads would find them changed, and so would everybody after a
    Ctrl-C in the wrong moment."""
    found = {
        name: word
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and (word := node.attr) in OF_THE_PROCESS
    }
    assert found.keys() <= KNOWN, found
