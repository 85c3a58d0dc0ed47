"""The command ``autodiff``: an expression in, both passes out, as a table or as a picture.

    autodiff "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg

Bad input ends with exit status 2 and one line that says why, with a pointer to the place.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from autodiff.text.expression import ExpressionError, functions

from .arguments import Parser, Refused, add_expression, graph, name_root, shielded
from .results import (
    LOOKS,
    pictures,
    print_explanations,
    print_gates,
    print_json,
    print_steps,
    print_table,
    save,
)

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
        except (Refused, ExpressionError) as error:
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


def _expression(argv: list[str]) -> int:
    parser = Parser(
        prog="autodiff",
        usage="autodiff EXPRESSION [name=value ...] [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(functions=", ".join(functions())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_expression(parser)
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
    chosen = parser.parse_intermixed_args(shielded(argv, parser))
    drawn = chosen.output or chosen.animate or chosen.frames
    if not drawn and (idle := [f"--{name}" for name in LOOKS if getattr(chosen, name)]):
        parser.error(f"{idle[0]} says how a picture looks; name its file with -o")
    text, root = graph(chosen.arguments)
    name_root(root)
    root.backward()
    if chosen.json:
        print_json(root, text)
    elif chosen.explain:
        print_explanations(root, chosen.explain)
    elif chosen.steps:
        print_steps(root)
    else:
        print_table(root)
    notes = sys.stderr if chosen.json else sys.stdout
    for path, write in pictures(root, text, chosen):
        save(path, write)
        print(f"wrote {path}", file=notes)
    return 0


def _add_looks(parser: argparse.ArgumentParser) -> None:
    looks = parser.add_argument_group("how a picture looks")
    looks.add_argument("--style", help="circuit (as in CS231n) or record (as in micrograd)")
    looks.add_argument("--detail", help="gate, or primitive: functions unfolded to + × exp ...")
    looks.add_argument("--theme", help="light, dark or print")
    looks.add_argument("--direction", help="LR (left to right) or TB (top down)")
    looks.add_argument("--parts", help="on each wire: local, upstream, downstream or all")
    looks.add_argument("--title", help="a heading")


def _demo(argv: list[str]) -> int:
    parser = Parser(prog="autodiff demo", description="Draw example circuits; train on real data.")
    parser.add_argument("--out", default="demo", metavar="FOLDER", help="where to write (demo)")
    parser.add_argument("--quick", action="store_true", help="only the pictures")
    chosen = parser.parse_args(argv)
    from .demo import demo

    return demo(Path(chosen.out), train=not chosen.quick)


def _gates(argv: list[str]) -> int:
    parser = Parser(prog="autodiff gates", description="Print the table of gates.")
    parser.parse_args(argv)
    print_gates()
    return 0


def _worksheet(argv: list[str]) -> int:
    parser = Parser(
        prog="autodiff worksheet",
        usage="autodiff worksheet [EXPRESSION name=value ...] [options]",
        description="Write a page with a circuit, blanks to fill in, and the answer key; without "
        "an expression, of random circuits with whole-number answers.",
        allow_abbrev=False,
    )
    add_expression(parser, needed=False)
    parser.add_argument("-o", "--output", metavar="PAGE.html", default="worksheet.html")
    parser.add_argument("--hide", default="gradients", help="gradients, values, local or all")
    parser.add_argument("--difficulty", help="of random circuits: easy, medium or hard")
    parser.add_argument("--seed", type=int, help="equal seeds give equal circuits (0)")
    parser.add_argument("--count", type=int, help="how many random circuits (1)")
    parser.add_argument("--bugs", action="store_true", help="the same circuit, run with mistakes")
    parser.add_argument("--title", default="", help="a heading")
    chosen = parser.parse_intermixed_args(shielded(argv, parser))
    random_only = [n for n in ("difficulty", "seed", "count") if getattr(chosen, n) is not None]
    if chosen.arguments and random_only:
        parser.error(f"--{random_only[0]} is for random circuits; leave the expression out")
    count = 1 if chosen.count is None else chosen.count
    if not 1 <= count <= 50:
        parser.error(f"--count is from 1 to 50, not {count}")
    if chosen.bugs and count > 1:
        parser.error("--bugs shows one circuit; leave --count out")
    from ..pages.bug_zoo.bug_zoo import bug_zoo
    from ..pages.worksheet.random_circuits import random_circuit
    from ..pages.worksheet.worksheet import worksheet

    title: str = chosen.title
    try:
        if chosen.arguments:
            text, root = graph(chosen.arguments)
            name_root(root)
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
        raise Refused(str(error)) from None
    save(chosen.output, made.save)
    print(f"wrote {chosen.output}")
    return 0


def _playground(argv: list[str]) -> int:
    parser = Parser(
        prog="autodiff playground", description="Write a page that trains small networks."
    )
    parser.add_argument("-o", "--output", metavar="PAGE.html", default="playground.html")
    parser.add_argument("--csv", metavar="FILE", help="a table of two numbers and a class a line")
    chosen = parser.parse_args(argv)
    from ..pages.playground.playground import playground

    try:
        made = playground(chosen.csv)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from None
    save(chosen.output, made.save)
    print(f"wrote {chosen.output}")
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": _demo,
    "gates": _gates,
    "playground": _playground,
    "worksheet": _worksheet,
}
