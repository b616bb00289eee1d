"""An executed notebook as one French HTML page that needs no network, its code folded."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

_TEMPLATES = Path(__file__).parent


def _accessible(page: str) -> str:
    """Slug cell ids are the anchors; header cells say what they head, none is empty.

    >>> _accessible('<th class="col_heading level0 col0" >Prévu</th>')
    '<th scope="col" class="col_heading level0 col0" >Prévu</th>'
    """
    page = page.replace('id="cell-id=', 'id="')
    page = re.sub(r"<th class=\"col_heading", '<th scope="col" class="col_heading', page)
    page = re.sub(r"<th( id=\"[^\"]*\")(?= class=\"col_heading)", r'<th scope="col"\1', page)
    return re.sub(r"<th[^>]*>(?:&nbsp;|\s)*</th>", "<td></td>", page)


def _unique_ids(page: str) -> str:
    """Headings that say the same get different ids (narratives repeat theirs).

    >>> _unique_ids('<h5 id="Fait">a</h5><h5 id="Fait">b</h5>')
    '<h5 id="Fait">a</h5><h5 id="Fait-2">b</h5>'
    """
    seen: Counter[str] = Counter()

    def rename(match: re.Match[str]) -> str:
        seen[match[2]] += 1
        number = seen[match[2]]
        return match[0] if number == 1 else f'{match[1]}{match[2]}-{number}"'

    return re.sub(r'(<h[1-6] id=")([^"]*)"', rename, page)


def to_html(notebook_path: Path, html_path: Path, title: str) -> None:
    """Write `html_path` from an executed notebook (nbconvert, own template on 'basic')."""
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.read(notebook_path, as_version=4)
    exporter = HTMLExporter(
        template_name="gabarit",
        extra_template_basedirs=[str(_TEMPLATES)],
        language_code="fr",
    )
    body, _ = exporter.from_notebook_node(notebook, resources={"titre": title})
    Path(html_path).write_text(_unique_ids(_accessible(body)), encoding="utf-8")
