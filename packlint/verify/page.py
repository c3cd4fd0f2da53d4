"""A report of `bench` as one HTML page: no script, nothing fetched, fit for a phone and for the dark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from packlint.verify.measurements import Form, Measurement, Report, advice, from_json, verdict
from packlint.verify.plots import DARK, LIGHT, STYLE, Plot, Series, read_out, svg

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The browser itself keeps the page from asking for anything."""
CSS = f"""\
:root {{ color-scheme: light dark; {LIGHT} --box: #f2f4f7; --accent: #0062a3; }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} --box: #22252a; --accent: #6bbcf5; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }}
h2 {{ font-size: 1.3rem; line-height: 1.3; margin: 2rem 0 1rem; }}
h3 {{ font-size: 1.1rem; margin: 1.5rem 0 .5rem; }}
code {{ font: .95em ui-monospace, monospace; }}
.advice {{ background: var(--box); border-left: .3rem solid var(--accent); border-radius: .3rem;
  padding: .75rem 1rem; margin: 0 0 1rem; max-width: 60rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: 0; }}
dt {{ font-weight: 600; }} dd {{ margin: 0; }}
.plots {{ display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
  max-width: 52rem; }}
figure {{ margin: 0; border: 1px solid var(--line); border-radius: .3rem; padding: .5rem; }}
figcaption {{ font-weight: 600; padding: 0 .25rem .25rem; }}
svg {{ display: block; width: 100%; height: auto; }}
details {{ margin: 1rem 0; }} summary {{ cursor: pointer; font-weight: 600; padding: .4rem 0; }}
.table {{ overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; overflow-wrap: normal; }}
th, td {{ padding: .35rem .6rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }}
thead th {{ border-top: 0; background: var(--box); vertical-align: bottom; }}
.words {{ text-align: left; }} tbody th {{ text-align: left; font-weight: 400; }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
{STYLE}"""
EXPLANATION = (
    "<p>Errors are the largest absolute differences to each sequence run alone. <b>Padded</b> runs over the padding, "
    "<b>packed</b> packs and unpacks, <b>gathered</b> runs padded and takes the output at step length &minus; 1: with "
    "one direction that is exact for outputs and for the last layer's final state.</p>"
)
Part = Callable[[Form], float]
FIGURES: tuple[tuple[str, str, Part, bool], ...] = (
    ("Training step", "ms", lambda form: 1000 * form.step, False),
    ("Inference", "ms", lambda form: 1000 * form.forward, False),
    ("Peak memory of a training step", "MB", lambda form: form.memory / 1e6, False),
    ("Largest error", "", lambda form: form.error, True),
)


def page_from_json(*texts: str) -> str:
    """The page of reports as `to_json` wrote them; a `ValueError` where one is none."""
    return page(*map(from_json, texts))


def page(*reports: Report) -> str:
    """Reports as an HTML document that stands by itself."""
    title = "Padded against packed"
    named = f"{title}: {', '.join(_name(report) for report in reports)}"
    body = (line for number, report in enumerate(reports) for line in article(number, report))
    return document(named, title, [EXPLANATION, *body])


def document(named: str, title: str, body: Iterable[str], css: str = "") -> str:
    """An HTML document that stands by itself: its name, its title as text, and what stands below that as HTML."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(named)}</title>\n<style>\n{CSS}{css}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape(title)}</h1>",
        *body,
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _name(report: Report) -> str:
    return f"{report.site}, {report.spec}" if report.site else str(report.spec)


def article(number: int, report: Report) -> Iterator[str]:
    """One report of those on a page; its ids have the number in them."""
    site = f"{escape(report.site)} " if report.site else ""
    yield f"<article>\n<h2>{site}<code>{escape(str(report.spec))}</code></h2>"
    yield from (f'<p class="advice">{escape(line)}</p>' for line in advice(report.measurements).splitlines())
    yield from _facts(report)
    yield from _plots(f"plot{number}", report)
    yield from _table(number, report)
    yield "</article>"


def _facts(report: Report) -> Iterator[str]:
    yield "<dl>"
    facts = [("PyTorch", report.torch), ("Seed", str(report.seed))]
    facts += [(f"Device {device}", name) for device, name in report.devices.items()]
    facts += [(f"Memory on {device}", what) for device, what in report.memory.items()]
    for name, what in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>"
    yield "</dl>"


def _shape(one: Measurement) -> tuple[str, str, int, int, int]:
    return one.device, one.dtype, one.workload.batch, one.workload.steps, one.spec.hidden_size


def _shapes(report: Report) -> dict[tuple[str, str, int, int, int], list[Measurement]]:
    """Measurements that differ in their lengths alone."""
    shapes: dict[tuple[str, str, int, int, int], list[Measurement]] = {}
    for one in report.measurements:
        shapes.setdefault(_shape(one), []).append(one)
    return shapes


def _plots(name: str, report: Report) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for number, ((device, dtype, batch, steps, size), group) in enumerate(_shapes(report).items()):
        what = f"{device}, {dtype}: {batch} rows of {steps} steps, hidden size {size}"
        figures = [
            f"<figure><figcaption>{escape(title)}</figcaption>\n{svg(plot, f'{name}-{number}-{index}')}</figure>"
            for index, (title, plot) in enumerate(plots(group, what))
        ]
        inner = ['<div class="plots">', *figures, "</div>"]
        if (device, dtype) in seen:
            yield from ("<details>", f"<summary>{escape(what)}</summary>", *inner, "</details>")
        else:
            yield from (f"<h3>{escape(what)}</h3>", *inner)
        seen.add((device, dtype))


def plots(group: Sequence[Measurement], what: str) -> Iterator[tuple[str, Plot]]:
    """Times, memory and errors over the share of real steps, of measurements that differ in nothing else."""
    ordered = sorted(group, key=lambda one: one.share)
    for title, unit, part, log in FIGURES:
        series = tuple(
            Series(name, tuple((one.share, part(one.forms[name])) for one in ordered)) for name in ordered[0].forms
        )
        described = f"{what}, over the share of real steps. {read_out(series, unit)}"
        yield title, Plot(title, described, "real steps (%)", unit or "error", series, log)


def _table(number: int, report: Report) -> Iterator[str]:
    yield f'<h3 id="all{number}">All figures</h3>'
    yield f'<div class="table" role="region" aria-labelledby="all{number}" tabindex="0">\n<table>'
    gathered = any(one.gathered is not None for one in report.measurements)
    names = ["padded", "packed", *(["gathered"] if gathered else [])]
    heads = [f"{name}<br>{what}" for what in ("training, ms", "inference, ms", "MB", "error") for name in names]
    first = ["lengths", "device", "rows x steps", "hidden", "real"]
    yield "<thead><tr>" + "".join(f'<th scope="col">{head}</th>' for head in [*first, *heads])
    yield '<th scope="col" class="words">verdict</th></tr></thead>\n<tbody>'
    for one in report.measurements:
        yield "<tr>" + _row(one, names) + "</tr>"
    yield "</tbody>\n</table>\n</div>"
    if report.left_out:
        yield "<details><summary>Left out</summary>\n<ul>"
        yield from (f"<li>{escape(line)}</li>" for line in report.left_out)
        yield "</ul></details>"


def _row(one: Measurement, names: Sequence[str]) -> str:
    work = one.workload
    cells = [f"{one.device}, {one.dtype}", f"{work.batch} x {work.steps}", str(one.spec.hidden_size)]
    cells.append(f"{100 * one.share:.0f} %")
    for _, unit, part, _ in FIGURES:
        shape = ".1f" if unit else ".1e"
        cells += [format(part(one.forms[name]), shape) if name in one.forms else "" for name in names]
    told = [f"<td>{escape(cell)}</td>" for cell in cells]
    return (
        f'<th scope="row">{escape(work.distribution)}</th>{"".join(told)}<td class="words">{escape(verdict(one))}</td>'
    )
