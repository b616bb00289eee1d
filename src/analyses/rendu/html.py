"""An executed notebook as one French HTML page that needs no network, its code folded."""

from __future__ import annotations

import re
from pathlib import Path

_TEMPLATES = Path(__file__).parent


def _accessible(page: str) -> str:
    """Header cells say what they head; no empty header cell.

    >>> _accessible('<th class="col_heading level0 col0" >Prévu</th>')
    '<th scope="col" class="col_heading level0 col0" >Prévu</th>'
    """
    page = re.sub(r"<th class=\"col_heading", '<th scope="col" class="col_heading', page)
    page = re.sub(r"<th( id=\"[^\"]*\")(?= class=\"col_heading)", r'<th scope="col"\1', page)
    return re.sub(r"<th[^>]*>(?:&nbsp;|\s)*</th>", "<td></td>", page)


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
    Path(html_path).write_text(_accessible(body), encoding="utf-8")
