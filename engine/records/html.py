"""The report as one HTML file: the page of `report.md`, number by number, with charts between. Pure.

The page is made from the Markdown itself, so that what one says the other says. It loads nothing: its style and its
pictures are in it, and a policy in its head forbids everything else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from engine.records.charts import PATTERNS

_ROW = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]*)`")
_LINK = re.compile(r"\[(E\d+)\]")
_EVIDENCE = re.compile(r"E\d+")
_FILE = re.compile(r"(?:result|run|integrity-before|integrity-after(?:-\d+)?)\.json")

TALL = 40
"""Rows beyond which a table scrolls on a screen; printed, it is whole."""
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--paper:#fff;--shade:#f3f5f7;--one:#0b5cad;
--two:#a04000;--k0:#2f7d4f;--k1:#0b5cad;--k2:#a04000;--k3:#8a1c5b;--k4:#6b5b00;--k5:#b3261e;--k6:#57606a}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--rule:#3a424b;--paper:#0f1419;--shade:#1a2129;
--one:#6cb2ff;--two:#ffab70;--k0:#63c58c;--k1:#6cb2ff;--k2:#ffab70;--k3:#f08fc8;--k4:#d9c453;--k5:#ff8a80;--k6:#9da7b1}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem}h2{font-size:1.25rem;border-bottom:1px solid var(--rule);margin-top:2.2rem}h3{font-size:1.05rem}
nav{font-size:.9rem;display:flex;flex-wrap:wrap;gap:.2rem .9rem}a{color:var(--one)}
.wide{overflow-x:auto}.tall{max-height:32rem;overflow-y:auto}.tall th{position:sticky;top:0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;overflow-wrap:normal}
th{background:var(--shade)}.n{text-align:right;white-space:nowrap}code{background:var(--shade);padding:0 .2rem}
tr:target td{background:var(--shade);outline:1px solid var(--one)}
figure{margin:1rem 0}
svg{width:100%;min-width:38rem;height:auto;font:12px system-ui,sans-serif}
figcaption{color:var(--soft);font-size:.85rem}
svg.defs{position:absolute;min-width:0;width:0;height:0}
svg text{fill:var(--ink)}svg .title{font-weight:600;font-size:14px}svg .right{text-anchor:end}
svg .middle{text-anchor:middle}svg .small{font-size:11px}.axis{stroke:var(--ink)}.grid{stroke:var(--rule)}
.line{fill:none;stroke-width:1.8}.line.first,.mark.first{stroke:var(--one)}.line.second,.mark.second{stroke:var(--two)}
.mark{fill:var(--paper);stroke-width:1.6}.mark.first{fill:var(--one)}.faint{opacity:.35}.bar{stroke:var(--ink);stroke-width:.5}
.ground{opacity:.25}.k0.ground{opacity:1}path.k1,path.k2,path.k3,path.k4,path.k5,path.k6{fill:none;stroke-width:1.4}
.k0{fill:var(--k0)}.k1{fill:var(--k1);stroke:var(--k1)}.k2{fill:var(--k2);stroke:var(--k2)}
.k3{fill:var(--k3);stroke:var(--k3)}.k4{fill:var(--k4);stroke:var(--k4)}.k5{fill:var(--k5);stroke:var(--k5)}
.k6{fill:var(--k6);stroke:var(--k6)}rect.ground{stroke:none}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff}nav{display:none}body{max-width:none;font-size:10pt}
figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible;max-height:none}}
"""


def html_page(page: str, charts: Mapping[str, Sequence[str]], *, beside: bool = True) -> str:
    """The Markdown page as HTML; each chart stands at the end of the section that it is given for.

    `beside`: it lies in the run's folder, and links to the files there lead somewhere.
    """
    blocks = list(_blocks(page))
    title = next((words for kind, words in blocks if kind == "h1"), "Run")
    heads = [words for kind, words in blocks if kind == "h2"]
    links = "".join(f'<a href="#{_id(head)}">{escape(head)}</a>' for head in heads)
    body = "".join(_body(blocks, charts, links, beside=beside))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        f'<svg class="defs" width="0" height="0" aria-hidden="true"><defs>{PATTERNS}</defs></svg>\n'
        f"{body}</body></html>\n"
    )


_Block = tuple[str, str]
"""Kind and text: h1, h2, h3, list, table, p."""


def _blocks(page: str) -> Iterator[_Block]:
    kind, lines = "", list[str]()
    for raw in [*page.splitlines(), ""]:
        here = _kind(raw)
        if lines and (here != kind or kind in ("h1", "h2", "h3")):
            yield kind, "\n".join(lines)
            lines = []
        if here:
            lines.append(raw.lstrip("#").strip() if here in ("h1", "h2", "h3") else raw)
        kind = here


def _kind(raw: str) -> str:
    for start, kind in (("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("- ", "list"), ("| ", "table")):
        if raw.startswith(start):
            return kind
    return "p" if raw.strip() else ""


def _body(blocks: Iterable[_Block], charts: Mapping[str, Sequence[str]], links: str, *, beside: bool) -> Iterator[str]:
    section = ""
    for kind, words in blocks:
        if kind == "h2":
            yield from charts.get(section, ())
            section = words
        match kind:
            case "h1":
                yield f"<h1>{escape(words)}</h1>\n<nav>{links}</nav>\n"
            case "h2" | "h3":
                yield f'<{kind} id="{_id(words)}">{_inline(words)}</{kind}>\n'
            case "list":
                items = "".join(f"<li>{_inline(row[2:])}</li>" for row in words.splitlines())
                yield f"<ul>{items}</ul>\n"
            case "table":
                yield _table(words.splitlines(), beside=beside)
            case _:
                yield f"<p>{_inline(words)}</p>\n"
    yield from charts.get(section, ())


def _table(rows: Sequence[str], *, beside: bool) -> str:
    cells = [[cell.strip() for cell in _ROW.split(row)[1:-1]] for row in rows]
    if len(cells) < 2 or len({len(row) for row in cells}) > 1:
        # A sentence that somebody else's line end cut in two.
        return f"<p>{_inline(' '.join(rows))}</p>\n"
    head, rule, *rest = cells
    kinds = [' class="n"' if cell.endswith(":") else "" for cell in rule]
    heads = "".join(f"<th{kind}>{_cell(cell)}</th>" for kind, cell in zip(kinds, head, strict=True))
    made = []
    for row in rest:
        named = f' id="{row[0]}"' if _EVIDENCE.fullmatch(row[0]) else ""
        made_of = "".join(
            f"<td{kind}>{_linked(cell) if beside and _FILE.fullmatch(cell) else _cell(cell)}</td>"
            for kind, cell in zip(kinds, row, strict=True)
        )
        made.append(f"<tr{named}>{made_of}</tr>")
    kind = "wide tall" if len(rest) > TALL else "wide"
    return f'<div class="{kind}"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(made)}</tbody></table></div>\n'


def _linked(cell: str) -> str:
    return f'<a href="{escape(cell)}">{escape(cell)}</a>'


def _cell(cell: str) -> str:
    return _inline(cell.replace("\\|", "|"))


def _inline(words: str) -> str:
    """Words with code and links to evidence; whatever else is markup is a plain sign."""
    coded = _CODE.sub(r"<code>\1</code>", escape(words, quote=False))
    return _LINK.sub(r'<a href="#\1">[\1]</a>', coded)


def _id(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
