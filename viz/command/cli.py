"""The command ``autodiff``: an expression in, both passes out, as a table or as a picture.

    autodiff "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg

Bad input ends with exit status 2 and one line that says why, with a pointer to the place.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from autodiff.text.expression import ExpressionError, functions, parse
from autodiff.value import Value

from ..words.report import to_ascii

__all__ = ["main"]

_DESCRIPTION = """\
Build the graph of an expression, run it forward and backward, and show every gate.
"""

_EXAMPLES = """\
examples:
  autodiff "(x + y) * z" x=-2 y=5 z=-4                    both passes, gate by gate
  autodiff "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg     ... and a picture (.png, .pdf, .gv)
  autodiff "z = dot(w, x) + b; σ(z)" w=2,-3 x=-1,-2 b=-3  rows, and names for what lies between
  autodiff "σ(w*x)" w=2 x=-1 -o fine.png --detail primitive
  autodiff "log(p)" p=1e-3 --steps                        one gate at a time
  autodiff "y = x^2; y + σ(y)" x=0.5 --explain x          the chain rule, written out
  autodiff "x^2 / y" x=3 y=pi/2 --json                    for machines
  autodiff "x * y" x=2 y=3 --explore page.html            a page to step through and play with
  autodiff "x * y" x=2 y=3 --animate passes.svg           both passes as a moving picture
  echo "x * x" | autodiff - x=3                           the expression from standard input

other commands (each has its own --help):
  autodiff demo         draw example circuits and train on real data
  autodiff playground   a page that trains small networks
  autodiff gates        the table of gates: formulas and local gradients
  autodiff worksheet    a circuit with blanks to fill in, and the answer key

functions: {functions}
"""


# What `viz.draw` is told of a picture.
_LOOKS = ("style", "detail", "theme", "direction", "parts", "title")
_MOVING_LOOKS = ("detail", "theme", "direction")


class _Refused(Exception):
    """Bad input: what to say about it."""


class _Parser(argparse.ArgumentParser):
    """Reports in one line, through `main`."""

    def error(self, message: str) -> NoReturn:
        raise _Refused(f"{message} (see: {self.prog} --help)")


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"glassgrad {version('glassgrad')}")
        except PackageNotFoundError:
            print("glassgrad (not installed)")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (by default the process's arguments); return the exit status.

    >>> main(["x * y", "x=2", "y=3", "--json"])  # doctest: +ELLIPSIS
    {"expression": "x * y", "root": "f", "value": 6.0, "gradients": {"x": 3.0, "y": 2.0}, ...
    0
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if hasattr(sys.stdout, "reconfigure"):  # a label in Chinese on a terminal that has no Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            command = _COMMANDS.get(arguments[0]) if arguments else None
            if command is not None:
                return command(arguments[1:])
            return _expression(arguments)
        except (_Refused, ExpressionError) as error:
            print(f"autodiff: {error}", file=sys.stderr)
            return 2
        except SystemExit as done:  # argparse, after --help
            return int(done.code or 0)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `autodiff ... | head`: nobody reads on, and that is no fault
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# ── autodiff EXPRESSION name=value ... ───────────────────────────────────────────────────────


def _expression(argv: list[str]) -> int:
    parser = _Parser(
        prog="autodiff",
        usage="autodiff EXPRESSION [name=value ...] [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(functions=", ".join(functions())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_expression(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="draw it; the suffix says the format: .svg .png .pdf .gv; may be repeated",
    )
    _add_looks(parser)
    parser.add_argument("--steps", action="store_true", help="one gate at a time")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--explain",
        metavar="NAME",
        action="append",
        default=[],
        help="the chain rule for one input or named result, written out",
    )
    parser.add_argument("--explore", metavar="PAGE.html", help="write an interactive page")
    parser.add_argument(
        "--animate", metavar="FILE", help="both passes as one moving picture: .svg or .gif"
    )
    parser.add_argument("--frames", metavar="FOLDER", help="... as numbered pictures, for slides")
    parser.add_argument("--version", action=_Version)
    if not argv:
        parser.error("give an expression")
    chosen = parser.parse_intermixed_args(_shielded(argv, parser))
    drawn = chosen.output or chosen.animate or chosen.frames
    if not drawn and (idle := [f"--{name}" for name in _LOOKS if getattr(chosen, name)]):
        parser.error(f"{idle[0]} says how a picture looks; name its file with -o")
    text, root = _graph(chosen.arguments)
    _name_root(root)
    root.backward()
    if chosen.json:
        _print_json(root, text)
    elif chosen.explain:
        _print_explanations(root, chosen.explain)
    elif chosen.steps:
        _print_steps(root)
    else:
        from ..words.report import table

        print(table(root, ascii_only=not _speaks_unicode()))
    notes = sys.stderr if chosen.json else sys.stdout
    for path, write in _pictures(root, text, chosen):
        _save(path, write)
        print(f"wrote {path}", file=notes)
    return 0


def _add_expression(parser: argparse.ArgumentParser, needed: bool = True) -> None:
    parser.add_argument(
        "arguments",
        metavar="EXPRESSION name=value",
        nargs="+" if needed else "*",
        help="the expression, then what its names stand for: x=-2 y=1e-3 z=pi/2 w=1,2,3",
    )


def _add_looks(parser: argparse.ArgumentParser) -> None:
    looks = parser.add_argument_group("how a picture looks")
    looks.add_argument("--style", help="circuit (as in CS231n) or record (as in micrograd)")
    looks.add_argument("--detail", help="gate, or primitive: functions unfolded to + × exp ...")
    looks.add_argument("--theme", help="light, dark or print")
    looks.add_argument("--direction", help="LR (left to right) or TB (top down)")
    looks.add_argument("--parts", help="on each wire: local, upstream, downstream or all")
    looks.add_argument("--title", help="a heading")


def _shielded(argv: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """A space before arguments like ``-x*y``, or argparse would take them for options."""
    known = tuple(parser._option_string_actions)
    return [
        f" {word}" if len(word) > 1 and word[0] == "-" and not word.startswith(known) else word
        for word in argv
    ]


def _graph(arguments: Sequence[str]) -> tuple[str, Value]:
    """The expression and its graph."""
    text, *pairs = arguments
    if text == "-":
        text = sys.stdin.read()
    text = text.strip()
    values: dict[str, float | list[float]] = {}
    for pair in pairs:
        name, equals, number = pair.strip().partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            hint = "give values as name=number without spaces, such as x=-2"
            if not values and "=" in text:
                hint += "; the expression comes first"
            raise _Refused(f"cannot read {pair.strip()!r}; {hint}")
        if name in values:
            raise _Refused(f"{name} is given twice")
        values[name] = _number(name, number)
    return text, parse(text, values)


def _name_root(root: Value) -> None:
    """The result is called f, if that name is free."""
    from autodiff.graph import topological_order

    if root.gate is not None and all(node.label != "f" for node in topological_order(root)):
        root.label = root.label or "f"


def _number(name: str, text: str) -> float | list[float]:
    """``-2``, ``1e-3``, ``pi/2`` or a row ``1,2,3``."""
    if not text.strip():
        raise _Refused(f"{name} has no number; write {name}=-2, without spaces")
    if "," in text:
        elements = text.strip().removeprefix("[").removesuffix("]").rstrip(",").split(",")
        return [_single(name, element) for element in elements]
    return _single(name, text)


def _single(name: str, text: str) -> float:
    try:
        return parse(text).data
    except ExpressionError as error:
        raise _Refused(f"the value of {name}: {error}") from None


# ── what comes out ───────────────────────────────────────────────────────────────────────────


def _speaks_unicode() -> bool:
    try:
        "∂×→─…σ".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print_json(root: Value, text: str) -> None:
    import json

    from ..words.report import as_data

    print(json.dumps(as_data(root, text), ensure_ascii=not _speaks_unicode(), allow_nan=False))


def _print_steps(root: Value) -> None:
    from ..words.report import steps

    asking = sys.stdin.isatty() and sys.stdout.isatty()
    for text in steps(root, ascii_only=not _speaks_unicode()):
        print(text)
        if not asking:
            print()
        elif _asked("[Enter: next gate, q: stop] ") == "q":
            break


def _print_explanations(root: Value, names: Sequence[str]) -> None:
    from autodiff.graph import topological_order
    from viz.words.derivation import explain

    nodes = {node.label: node for node in topological_order(root) if node.label}
    for name in names:
        if name not in nodes:
            raise _Refused(f"cannot explain {name!r}; there are {', '.join(nodes)}")
        text = explain(nodes[name], root).text
        print(text if _speaks_unicode() else to_ascii(text))


def _asked(question: str) -> str:
    try:
        return input(question).strip().lower()
    except EOFError:  # Ctrl-D
        return "q"


def _pictures(
    root: Value, title: str, chosen: argparse.Namespace
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """The files that were asked for, and what writes each of them."""
    looks = {name: look for name in _LOOKS if (look := getattr(chosen, name)) is not None}
    moving = {name: look for name, look in looks.items() if name in _MOVING_LOOKS}
    if not (chosen.output or chosen.explore or chosen.animate or chosen.frames):
        return
    import viz
    from viz.dot.frames import animate, frames

    for path in chosen.output:
        yield path, lambda target: viz.render(viz.draw(root, **looks), target)
    if chosen.explore:
        yield chosen.explore, lambda target: viz.explore(root, target, title=title)
    if chosen.animate:
        yield chosen.animate, lambda target: animate(root, target, **moving)
    if chosen.frames:
        yield chosen.frames, lambda target: frames(root, target, **moving)


def _save(path: str, write: Callable[[Path], object]) -> None:
    """Write a file; what cannot be drawn or written is bad input, not a crash."""
    target = Path(path)
    if not target.parent.is_dir():
        raise _Refused(f"cannot write {path}: there is no folder {str(target.parent)!r}")
    try:
        write(target)
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise _Refused(f"cannot write {path}: {error}") from None


# ── the other commands ───────────────────────────────────────────────────────────────────────


def _demo(argv: list[str]) -> int:
    parser = _Parser(prog="autodiff demo", description="Draw example circuits; train on real data.")
    parser.add_argument("--out", default="demo", metavar="FOLDER", help="where to write (demo)")
    parser.add_argument("--quick", action="store_true", help="only the pictures")
    chosen = parser.parse_args(argv)
    from .demo import demo

    return demo(Path(chosen.out), train=not chosen.quick)


def _gates(argv: list[str]) -> int:
    parser = _Parser(prog="autodiff gates", description="Print the table of gates.")
    parser.parse_args(argv)
    from ..words.report import gate_table

    print(gate_table(ascii_only=not _speaks_unicode()))
    return 0


def _worksheet(argv: list[str]) -> int:
    parser = _Parser(
        prog="autodiff worksheet",
        usage="autodiff worksheet [EXPRESSION name=value ...] [options]",
        description="Write a page with a circuit, blanks to fill in, and the answer key; without "
        "an expression, of random circuits with whole-number answers.",
        allow_abbrev=False,
    )
    _add_expression(parser, needed=False)
    parser.add_argument("-o", "--output", metavar="PAGE.html", default="worksheet.html")
    parser.add_argument("--hide", default="gradients", help="gradients, values, local or all")
    parser.add_argument("--difficulty", help="of random circuits: easy, medium or hard")
    parser.add_argument("--seed", type=int, help="equal seeds give equal circuits (0)")
    parser.add_argument("--count", type=int, help="how many random circuits (1)")
    parser.add_argument("--bugs", action="store_true", help="the same circuit, run with mistakes")
    parser.add_argument("--title", default="", help="a heading")
    chosen = parser.parse_intermixed_args(_shielded(argv, parser))
    random_only = [n for n in ("difficulty", "seed", "count") if getattr(chosen, n) is not None]
    if chosen.arguments and random_only:
        parser.error(f"--{random_only[0]} is for random circuits; leave the expression out")
    count = 1 if chosen.count is None else chosen.count
    if not 1 <= count <= 50:
        parser.error(f"--count is from 1 to 50, not {count}")
    if chosen.bugs and count > 1:
        parser.error("--bugs shows one circuit; leave --count out")
    from viz import bug_zoo, random_circuit, worksheet

    title: str = chosen.title
    try:
        if chosen.arguments:
            text, root = _graph(chosen.arguments)
            _name_root(root)
            roots = [root]
            title = title or text
        else:
            seed, level = chosen.seed or 0, chosen.difficulty or "easy"
            roots = [random_circuit(level, seed + k) for k in range(count)]
        if chosen.bugs:
            made = bug_zoo(roots[0], title=title)
        else:
            made = worksheet(roots, chosen.hide, title=title)
    except ValueError as error:
        raise _Refused(str(error)) from None
    _save(chosen.output, made.save)
    print(f"wrote {chosen.output}")
    return 0


def _playground(argv: list[str]) -> int:
    parser = _Parser(
        prog="autodiff playground", description="Write a page that trains small networks."
    )
    parser.add_argument("-o", "--output", metavar="PAGE.html", default="playground.html")
    parser.add_argument("--csv", metavar="FILE", help="a table of two numbers and a class a line")
    chosen = parser.parse_args(argv)
    from viz import playground

    try:
        made = playground(chosen.csv)
    except (OSError, ValueError) as error:
        raise _Refused(str(error)) from None
    _save(chosen.output, made.save)
    print(f"wrote {chosen.output}")
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": _demo,
    "gates": _gates,
    "playground": _playground,
    "worksheet": _worksheet,
}
