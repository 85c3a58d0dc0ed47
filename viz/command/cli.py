"""The command ``autodiff``: an expression in, both passes out, as a table or as a picture.

    autodiff "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg

Bad input ends with exit status 2 and one line that says why, with a pointer to the place.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from autodiff.text.expression import ExpressionError
from autodiff.text.reading import called
from autodiff.value import Value

from ..languages.catalogue import LANGUAGES
from ..languages.translate import of_reader, speaking, translate
from .arguments import Parser, Refused, graph, learning_rate, near
from .classroom import assign, hand_back
from .results import LOOKS, gates, pictures, said, save

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
  autodiff assignment   a worksheet for each student of a class
  autodiff mark         what came back, with the mistake behind each wrong answer
  autodiff demo         draw example circuits and train on real data
  autodiff playground   a page that trains small networks
  autodiff gates        the table of gates: formulas and local gradients
  autodiff worksheet    a circuit with blanks to fill in, and its answer key

functions:
{functions}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (by default the process's arguments); return the exit status.

    >>> main(["x * y", "x=2", "y=3", "--json"])  # doctest: +ELLIPSIS
    {"expression": "x * y", "root": "f", "value": 6.0, "gradients": {"x": 3.0, "y": 2.0}, ...
    0
    """
    arguments = [*map(_typed, sys.argv[1:] if argv is None else argv)]
    lang = _language(arguments)
    with speaking(lang if lang in LANGUAGES else of_reader()):
        return _run(arguments, lang)


def _language(arguments: list[str]) -> str:
    """The language that is asked for, taken out of the arguments."""
    for k, word in enumerate(arguments):
        if word.partition("=")[0] == "--lang":
            name = word.partition("=")[2] or "".join(arguments[k + 1 : k + 2])
            del arguments[k : k + 1 + ("=" not in word)]
            return name or "?"
    return ""


def _run(arguments: list[str], lang: str) -> int:
    if sys.stdout is None:  # closed by the caller: files are written all the same
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):  # a label in Chinese on a terminal that has no Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            if lang and lang not in LANGUAGES:
                raise Refused(f"--lang is one of {', '.join(LANGUAGES)}, not {lang}")
            if not arguments:
                raise Refused("give an expression (see: autodiff --help)")
            command = _COMMANDS.get(arguments[0])
            return command(arguments[1:]) if command else _expression(arguments)
        except (Refused, ExpressionError) as error:
            print(f"autodiff: {translate(str(error))}", file=sys.stderr)
            return 2
        except SystemExit as done:  # argparse, after --help
            return int(done.code or 0)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        print(translate("interrupted"), file=sys.stderr)
        return 130
    except BrokenPipeError:  # `autodiff ... | head`: nobody reads on, and that is no fault
        _print_no_more()
        return 0
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"autodiff: {translate(str(error))}", file=sys.stderr)
        _print_no_more()
        return 1


def _typed(word: str) -> str:
    """What was typed: where the locale is C the words arrive as bytes, which are UTF-8."""
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which no bytes stand for
        return word


def _print_no_more() -> None:
    """What is still in the buffer goes nowhere, instead of failing again at the exit."""
    with suppress(OSError):  # a stream without a file of its own, in a notebook or a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _expression(argv: list[str]) -> int:
    parser = Parser(
        "autodiff",
        "+",
        usage="autodiff EXPRESSION [name=value ...] [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(
            functions=textwrap.indent(textwrap.fill(", ".join(called()), 88), "  ")
        ),
    )
    parser.options(
        "what is printed",
        ("--steps", "", "one gate at a time"),
        ("--explain", "NAME ...", "the chain rule for one input or named result, written out"),
        ("--paths", "", "... over all paths to it"),
        ("--latex", "", "... as LaTeX, for the inside of an aligned environment"),
        ("--json", "", "everything, for machines"),
        ("--digits", "N", "significant digits, in pictures too"),
        ("--quiet", "", "nothing; only files are written"),
        ("--version", "", "the version"),
    )
    parser.options(
        "what is written",
        (
            "-o --output",
            "FILE ...",
            "draw it; .svg .png .pdf .tex .gv or another of Graphviz's; - is SVG",
        ),
        ("--explore", "PAGE.html", "an interactive page"),
        ("--animate", "FILE", "both passes as one moving picture: .svg or .gif"),
        ("--frames", "FOLDER", "... as numbered pictures, for slides"),
    )
    parser.options(
        "how a picture looks",
        ("--style", "STYLE", "circuit (as in CS231n) or record (as in micrograd)"),
        ("--detail", "DETAIL", "gate, or primitive: functions unfolded to + × exp ..."),
        ("--theme", "THEME", "light, dark, print, safe (for any eye) or auto (as the reader's)"),
        ("--direction", "DIRECTION", "LR (left to right) or TB (top down)"),
        ("--parts", "PARTS", "on each wire: local, upstream, downstream or all"),
        ("--flow", "", "wires by the size of their gradient"),
        ("--highlight", "NAME ...", "an input or named result that is to catch the eye"),
        ("--forward-only", "", "without gradients"),
        ("--title", "TITLE", "a heading"),
        ("--after-step", "LR", "before and after a step of gradient descent at that learning rate"),
        ("--parameter", "NAME ...", "... of this input, where not all of them are to move"),
        ("--width", "X", "inches from left to right, at most: a longer picture is set in lines"),
        ("--scale", "X", "how large an SVG or PNG is: 2 is twice"),
        ("--dpi", "N", "dots an inch, of a PNG"),
    )
    chosen = parser.read(argv)
    for idle in ("paths", "latex"):
        if getattr(chosen, idle) and not chosen.explain:
            parser.error(f"--{idle} says how --explain explains; say --explain NAME")
    if chosen.parameter and chosen.after_step is None:
        parser.error("--parameter says what --after-step moves; say --after-step LR")
    if chosen.after_step is not None:
        if not chosen.output or chosen.forward_only:
            parser.error("--after-step draws values and gradients; name a file with -o")
        chosen.after_step = learning_rate(chosen.after_step)
    if chosen.digits is not None and not 1 <= chosen.digits <= 17:
        parser.error(f"--digits is from 1 to 17, not {chosen.digits}")
    drawn = chosen.output or chosen.animate or chosen.frames
    if not drawn and (idle_looks := [f"--{name}" for name in LOOKS if getattr(chosen, name)]):
        parser.error(f"{idle_looks[0]} says how a picture looks; name its file with -o")
    word = chosen.arguments[0]
    if len(chosen.arguments) == 1 and word.isidentifier() and (hint := near(word, _COMMANDS)):
        raise Refused(f"no value for {word}, and no such command{hint}")
    text, root = graph(chosen.arguments)
    root.backward()
    asking = chosen.steps and sys.stdin.isatty() and sys.stdout.isatty()
    quiet = chosen.quiet or "-" in chosen.output
    parts = [] if quiet else [*said(root, text, chosen)]
    files = [*pictures(root, text, chosen)]
    for path, write in files:  # what cannot be written is said before anything else
        save(path, write)
    for part in parts:
        print(part.rstrip() if asking else part)
        if asking and _asked(translate("[Enter: next gate, q: stop] ")) == "q":
            break
    for path, _ in files:
        if not chosen.quiet:
            _wrote(path, sys.stderr if chosen.json or "-" in chosen.output else sys.stdout)
    return 0


def _asked(question: str) -> str:
    try:
        return input(question).strip().lower()
    except EOFError:  # Ctrl-D
        return "q"


def _wrote(path: str, notes: TextIO) -> None:
    if path != "-":
        print(translate(f"wrote {path}"), file=notes)


def _write(path: str, write: Callable[[Path], object]) -> None:
    save(path, write)
    _wrote(path, sys.stdout)


def _version(_: list[str]) -> int:
    from autodiff.exports import __version__

    print(f"glassgrad {__version__}")
    return 0


def _demo(argv: list[str]) -> int:
    parser = Parser("autodiff demo", description="Draw example circuits; train on real data.")
    parser.options(
        "",
        ("--out", "FOLDER", "where to write (demo)"),
        ("--quick", "", "only the pictures"),
    )
    chosen = parser.read(argv)
    from .demo import demo

    return demo(Path(chosen.out or "demo"), train=not chosen.quick)


def _gates(argv: list[str]) -> int:
    Parser("autodiff gates", description="Print the table of gates.").read(argv)
    print(gates())
    return 0


def _worksheet(argv: list[str]) -> int:
    parser = Parser(
        "autodiff worksheet",
        "*",
        usage="autodiff worksheet [EXPRESSION name=value ...] [options]",
        description="Write a page with a circuit and blanks to fill in, and one with the answers;\n"
        "without an expression, of random circuits with whole-number answers.",
    )
    parser.options(
        "",
        ("-o --output", "PAGE.html", "the page (worksheet.html); .pdf, or .xml for Moodle"),
        ("--key", "KEY.html", "the answers (worksheet-key.html, beside the page)"),
        ("--hide", "WHAT", "gradients, values, local or all (gradients)"),
        ("--difficulty", "LEVEL", "of random circuits: easy, medium or hard (easy)"),
        ("--topic", "WHAT", "that they have: fork, matrix, or a gate, as max or sigmoid"),
        ("--seed", "N", "equal seeds give equal circuits (0)"),
        ("--count", "N", "how many random circuits, each on a sheet of its own (1)"),
        ("--spare", "N", "how many more the button 'New circuit' brings (10)"),
        ("--exam", "", "neither hints nor marks on the page"),
        ("--bugs", "", "the same circuit, run with mistakes"),
        ("--present", "", "before a class: in large type, one answer after another"),
        ("--title", "TITLE", "a heading"),
    )
    chosen = parser.read(argv)
    names = ("difficulty", "topic", "seed", "count")
    random_only = [n for n in names if getattr(chosen, n) is not None]
    if chosen.arguments and random_only:
        parser.error(f"--{random_only[0]} is for random circuits; leave the expression out")
    count = 1 if chosen.count is None else chosen.count
    if not 1 <= count <= 50:
        parser.error(f"--count is from 1 to 50, not {count}")
    spare = 10 if chosen.spare is None else chosen.spare
    if not 0 <= spare <= 50:
        parser.error(f"--spare is from 0 to 50, not {spare}")
    if chosen.bugs and count > 1:
        parser.error("--bugs shows one circuit; leave --count out")
    if chosen.bugs and chosen.present:
        parser.error("--bugs and --present are two pages; ask for one of them")
    from ..classroom.moodle import moodle
    from ..pages.bug_zoo.bug_zoo import bug_zoo
    from ..pages.presenter.presenter import present
    from ..pages.worksheet.random_circuits import random_circuit
    from ..pages.worksheet.worksheet import worksheet

    title: str = chosen.title or ""
    more: int | list[Value] = 0
    output = Path(chosen.output or "worksheet.html")
    try:
        if chosen.arguments:
            text, root = graph(chosen.arguments)
            roots, title, more = [root], title or text, spare
        else:
            seed, level = chosen.seed or 0, chosen.difficulty or "easy"
            topic = chosen.topic or ""
            found = [random_circuit(level, seed + k, topic=topic) for k in range(count + spare)]
            roots, more = found[:count], found[count:]
        if output.suffix == ".xml":
            quiz = moodle(roots, chosen.hide or "gradients", title=title)
            _write(str(output), lambda path: path.write_text(quiz, "utf-8"))
            return 0
        if chosen.bugs:
            files = {str(output): bug_zoo(roots[0], title=title)}
        elif chosen.present:
            files = {str(output): present(roots, chosen.hide or "all", title=title)}
        else:
            hide = chosen.hide or "gradients"
            made = worksheet(roots, hide, title=title, spare=more, exam=chosen.exam)
            key = chosen.key or output.with_name(f"{output.stem}-key{output.suffix}")
            files = {str(output): made, str(key): made.key}
    except ValueError as error:
        raise Refused(str(error)) from None
    for path, written in files.items():
        _write(path, written.save)
    return 0


def _playground(argv: list[str]) -> int:
    parser = Parser("autodiff playground", description="Write a page that trains small networks.")
    parser.options(
        "",
        ("-o --output", "PAGE.html", "the page (playground.html)"),
        ("--csv", "FILE", "a table of two numbers and a class a line"),
    )
    chosen = parser.read(argv)
    from ..pages.playground.playground import playground

    try:
        made = playground(chosen.csv)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from None
    _write(chosen.output or "playground.html", made.save)
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "assignment": assign,
    "mark": hand_back,
    "demo": _demo,
    "gates": _gates,
    "playground": _playground,
    "worksheet": _worksheet,
    "--version": _version,
}
