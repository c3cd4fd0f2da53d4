"""Evidence as one HTML page that stands by itself, with the plots of a bench where there was one."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from packlint import __version__
from packlint.verify.evidence import Evidence, Measure, Relation
from packlint.verify.page import EXPLANATION, article, document
from packlint.verify.report import HINT, TOLD, Shown, counted, detail, notes, outcome, sentences

TITLE = "What the code does before and after its fixes"
CSS = """\
.site { border: 1px solid var(--line); border-left: .3rem solid var(--line); border-radius: .3rem;
  padding: .25rem 1rem 1rem; margin: 1rem 0; }
.site h2 { font-size: 1.1rem; margin: .5rem 0; }
.passed { border-left-color: var(--s2); } .failed { border-left-color: var(--s0); }
.unverified { border-left-color: var(--s1); border-left-style: dashed; }
.verdict { font-weight: 700; } .holds::before { content: "\\2713\\00a0"; } .fails::before { content: "\\2717\\00a0"; }
.fails { font-weight: 700; color: var(--s0); } .holds { color: var(--s2); }
.site dl { margin-bottom: .75rem; }
.site a { color: var(--accent); }
@media (max-width: 40rem) { .site tbody th, .site td { white-space: normal; } .site tbody th { min-width: 8rem; }
  .site { padding: .25rem .6rem .6rem; } .site th, .site td { padding: .3rem .4rem; } }
.site td.words { white-space: normal; min-width: 14rem; }
"""


def page(shown: Shown) -> str:
    """The report as an HTML document."""
    return document(TITLE, TITLE, _body(shown), CSS)


def _body(shown: Shown) -> Iterator[str]:
    yield f'<p class="advice"><b>{escape(counted(shown) or "Nothing to verify.")}</b></p>'
    hint = HINT.partition("{}")[0]
    for note in notes(shown):
        yield f"<p>{escape(note)}</p>" if not note.startswith(hint) else f"<p><code>{escape(note)}</code></p>"
    yield from _facts(shown)
    for number, one in enumerate(shown.evidence):
        yield from _site(shown, number, one)
    if any(not relation.gates for one in shown.evidence for relation in one.relations):
        yield f"<p>{escape(TOLD)}</p>"
    if not shown.benched:
        return
    yield f"<h2>Padded against packed</h2>\n{EXPLANATION}"
    for number, benched in enumerate(shown.benched):
        if benched.report is None:
            yield f"<h3><code>{escape(str(benched.spec))}</code></h3>\n<p>{escape(benched.why)}</p>"
            continue
        if benched.guessed:
            yield f"<p>Of usual sizes: {escape(benched.guessed)}.</p>"
        yield from article(number, benched.report)


def _facts(shown: Shown) -> Iterator[str]:
    yield "<dl>"
    facts = [("packlint", __version__), ("PyTorch", shown.ran.torch), ("Device", shown.ran.device)]
    facts += [("Numbers", shown.settings.dtype), ("Seed", str(shown.settings.seed))]
    yield from (f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in facts if what)
    yield "</dl>"


def _site(shown: Shown, number: int, one: Evidence) -> Iterator[str]:
    what = " ".join(filter(None, (one.code, f"in {one.owner}" if one.owner else None)))
    yield f'<section class="site {one.verdict}">'
    yield f'<h2 id="site{number}">{escape(shown.where(one))} {escape(what)}: <span class="verdict">{one.verdict}</span>'
    yield "</h2>\n<dl>"
    yield from (f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in sentences(one))
    yield "</dl>"
    if one.relations:
        yield from _table(number, one)
    benched = shown.bench_of(one)
    if benched is not None:
        at = shown.benched.index(benched)
        spec = f"<code>{escape(str(benched.spec))}</code>"
        yield f'<p>Packing: <a href="#all{at}">{spec}</a></p>' if benched.report is not None else f"<p>{spec}</p>"
    yield "</section>"


def _table(number: int, one: Evidence) -> Iterator[str]:
    yield f'<div class="table" role="region" aria-labelledby="site{number}" tabindex="0">\n<table>'
    heads = ["original", "rewrite"] if one.rewritten else ["original"]
    yield '<thead><tr><th scope="col" class="words">relation</th>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield '<th scope="col" class="words">where it fails</th></tr></thead>\n<tbody>'
    for relation in one.relations:
        yield _row(one, relation)
    yield "</tbody>\n</table>\n</div>"


def _row(one: Evidence, relation: Relation) -> str:
    name = relation.name if relation.gates else f"{relation.name} *"
    sides = (relation.original, relation.rewrite) if one.rewritten else (relation.original,)
    cells = "".join(map(_cell, sides))
    where = f'<td class="words">{escape(detail(one, relation))}</td>'
    return f'<tr><th scope="row">{escape(name)}</th>{cells}{where}</tr>'


def _cell(measure: Measure | None) -> str:
    error, holds = outcome(measure)
    if measure is None:
        return "<td>-</td>"
    tolerance = f"the tolerance is {measure.tolerance:.0e}"
    return f'<td title="{tolerance}">{escape(error)} <span class="{holds.lower()}">{holds.lower()}</span></td>'
