"""The page of the command line, written from what the commands say of themselves."""

import contextlib
import io
import os
from unittest import mock

from viz.command.cli import main
from viz.languages.translate import current

COMMANDS = {
    "autodiff": ("An expression · 表达式", []),
    "autodiff playground": ("A page that trains small networks · 训练小网络的页面", ["playground"]),
    "autodiff worksheet": ("Worksheets · 练习单", ["worksheet"]),
    "autodiff gates": ("The table of gates · 门的一览表", ["gates"]),
    "autodiff demo": ("Example circuits and real data · 示例", ["demo"]),
}

HEAD = """\
# The command line · 命令行

An expression in, both passes out, as a table or as a picture. `python -m autodiff` is the same
program. The [studio](../studio.md) takes the same expressions, and refuses in the same words.

```console
$ autodiff "q = x + y; f = q * z" x=-2 y=5 z=-4
{table}
```

A page of your own to step through, a picture for a slide, a moving picture:

```sh
autodiff "(x + y) * z" x=-2 y=5 z=-4 --explore page.html
autodiff "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg
autodiff "(x + y) * z" x=-2 y=5 z=-4 --animate passes.svg
```
"""


def said(*arguments: str) -> str:
    out = io.StringIO()
    with (
        mock.patch.dict(os.environ, COLUMNS="92", GLASSGRAD_LANG=current()),
        contextlib.redirect_stdout(out),
    ):
        status = main(arguments)
    if status:
        raise RuntimeError(f"autodiff {' '.join(arguments)} ended with status {status}")
    return out.getvalue().rstrip()


def page() -> str:
    parts = [HEAD.format(table=said("q = x + y; f = q * z", "x=-2", "y=5", "z=-4"))]
    for title, arguments in COMMANDS.values():
        parts.append(f"## {title}\n\n```text\n{said(*arguments, '--help')}\n```\n")
    return "\n".join(parts)
