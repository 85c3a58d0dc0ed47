"""The site's search: English words by their stems, Chinese ones by pairs of characters.

Chinese is written without spaces. Every two neighbours are a term of the index, of a page and of a
question alike, so that 梯度 is found inside 局部梯度 and no dictionary is needed.
"""

import re

from sphinx.search.zh import SearchChinese

_RUNS = re.compile(r"[\u4e00-\u9fff]+|[a-zA-Z0-9_]+")


def terms(text: str) -> list[str]:
    """The terms of a text.

    >>> terms("局部梯度 of a gate")
    ['局部', '部梯', '梯度', 'of', 'a', 'gate']
    """
    return [term for run in _RUNS.findall(text) for term in _pairs(run)]


def _pairs(run: str) -> list[str]:
    return [run] if run < "\u4e00" else [run[k : k + 2] for k in range(max(1, len(run) - 1))]


class Search(SearchChinese):  # type: ignore[misc]
    """Beside Sphinx' own search for Chinese: its stemmer of English words, our terms."""

    language_name = "English"  # whose stemmer it is: the page looks for it by this name
    js_splitter_code = """
function splitQuery(query) {
  return (query.match(/[\\u4e00-\\u9fff]+|[a-zA-Z0-9_]+/g) || []).flatMap((run) =>
    run < "\\u4e00" || run.length < 2 ? [run] : [...run.slice(1)].map((c, k) => run[k] + c));
}
"""

    def split(self, text: str) -> list[str]:
        found = terms(text)
        self.latin_terms.update(term for term in found if term < "\u4e00")
        return found
