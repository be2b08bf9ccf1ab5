"""How the page looks: light, dark, on a phone, on paper."""

CSS = """
:root { color-scheme: light dark; --ink: #17202a; --dim: #566370; --line: #d9dfe5; --paper: #fff;
  --card: #f5f7f9; --accent: 13 110 130; --most: .6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf2; --dim: #9fabb7; --line: #343d47; --paper: #12161b; --card: #1a2027;
    --accent: 77 196 214; --most: .45; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; font: 1rem/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 3.5rem) clamp(1rem, 4vw, 2.5rem); }
h1, h2, h3 { line-height: 1.2; break-after: avoid; text-wrap: balance; }
h1 { font-size: clamp(2rem, 6vw, 3rem); letter-spacing: -.02em; margin: 0 0 .5rem; }
h2 { font-size: clamp(1.4rem, 4vw, 1.85rem); letter-spacing: -.01em; margin: 5rem 0 .5rem;
  padding-top: 1.5rem; border-top: 3px solid rgb(var(--accent)); }
h3 { font-size: 1.1rem; margin: 2.75rem 0 .75rem; }
p { max-width: 46rem; margin: .5rem 0 1rem; }
h1 + p, h2 + p { color: var(--dim); }
a { color: rgb(var(--accent)); }
a:focus-visible, summary:focus-visible, .table:focus-visible {
  outline: 3px solid rgb(var(--accent)); outline-offset: 2px; }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; margin: 1.25rem 0 2rem; }
.notice { border: 2px solid var(--ink); border-left-width: .6rem; border-radius: .4rem; padding: .9rem 1.2rem;
  margin: 1.5rem 0; max-width: 52rem; break-inside: avoid; }
.notice ul { margin: .3rem 0 0; padding-left: 1.2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 1rem;
  margin: 1.5rem 0 2.5rem; }
.tile { background: var(--card); border-radius: .75rem; padding: 1.1rem 1.3rem;
  border-top: 4px solid rgb(var(--accent)); break-inside: avoid; }
.tile b { display: block; font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.tile span { display: block; font-weight: 600; margin-top: .2rem; }
.tile small { display: block; font-size: .85rem; line-height: 1.4; color: var(--dim); margin-top: .2rem; }
.table { overflow-x: auto; margin: .75rem 0 1.75rem; break-inside: avoid; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .8rem; border-bottom: 1px solid var(--line); text-align: right; overflow-wrap: normal;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
td { white-space: nowrap; }
th:first-child { text-align: left; font-weight: 600; padding-left: .1rem; min-width: 7rem;
  position: sticky; left: 0; background: var(--paper); }
thead th { color: var(--dim); font-weight: 600; font-size: .85rem; vertical-align: bottom; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts thead th { text-align: left; }
.facts th { text-align: left; vertical-align: top; }
.heat td { background: rgb(var(--accent) / calc(var(--t, 0) * var(--most)));
  border: 2px solid var(--paper); min-width: 3.4rem;
  text-align: center; border-radius: .4rem; }
.heat thead th:not(:first-child) { text-align: center; }
.heat td.strong { font-weight: 700; outline: 1.5px solid var(--ink); outline-offset: -3px; }
details { margin: .5rem 0 1rem; }
summary { cursor: pointer; color: rgb(var(--accent)); font-weight: 600; padding: .25rem 0; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 1.5rem 3rem; margin: 1.5rem 0; align-items: start; }
.beside > div { min-width: 0; } .beside .table { margin-top: 0; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(47%, 10rem), 1fr));
  gap: 1.25rem 1rem; margin: 1rem 0; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: .88rem; line-height: 1.45; color: var(--dim); margin-top: .5rem; max-width: 34rem; }
svg { display: block; width: 100%; height: auto; max-width: 32rem; font-family: inherit; fill: var(--ink); }
.multiples svg { max-width: 16rem; }
svg text { font-size: 11.5px; font-variant-numeric: tabular-nums; }
svg .name { font-weight: 600; } svg .note { fill: var(--dim); } svg .small { font-size: 10px; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--dim); }
svg .bar { fill: rgb(var(--accent)); } svg .floor { fill: none; stroke: var(--ink); stroke-width: 1.5; }
svg .soft { fill: rgb(var(--accent) / .18); }
svg .curve { fill: none; stroke: rgb(var(--accent)); stroke-width: 2; stroke-linejoin: round; }
svg .dot { fill: var(--paper); stroke: rgb(var(--accent)); stroke-width: 2; }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; }
svg .dashed { fill: none; stroke: var(--dim); stroke-width: 1.25; stroke-dasharray: 5 3; }
svg .dotted { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 1.5 3; }
@media (max-width: 40rem) { table { font-size: .85rem; } th, td { padding: .35rem .5rem; }
  .heat td { min-width: 2.2rem; padding: .35rem .15rem; font-size: .8rem; } h2 { margin-top: 3.5rem; } }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --card: #fff; --line: #bbb; --dim: #444;
    --accent: 0 80 96; --most: .5; font-size: 12px; }
  nav { display: none; } h2 { margin-top: 2.5rem; }
}
"""
