// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl {

/// The style sheet of report.html: light and dark after the reader's system, readable in print. Series colours are
/// those of Okabe and Ito (2008), which the colour-blind can tell apart; dash patterns tell them apart in grey.
inline constexpr const char* kReportStyle = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --quiet: #626b75; --rule: #d5dae0; --band: #f5f7f9;
  --better: #0b6fb8; --worse: #b4520a; --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #cc79a7; --s4: #b07d00;
  --s5: #3f3f3f; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e4e8ec; --quiet: #98a2ad; --rule: #363d45; --band: #1d2126; --better: #6fbdf2;
    --worse: #ffa566; --s0: #56b4e9; --s1: #e69f00; --s2: #2bc49a; --s3: #e79cc6; --s4: #f0e442; --s5: #ff8a5b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 78rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { max-width: 60rem; margin: .4rem 0; } .quiet, figcaption, caption, dt { color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { caption-side: bottom; text-align: left; padding-top: .4rem; font-size: .85rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th { font-weight: 600; } thead th { border-bottom: 2px solid var(--rule); vertical-align: bottom; }
.name { text-align: left; } tbody tr:nth-child(even) { background: var(--band); }
td small { display: block; color: var(--quiet); font-size: .78rem; line-height: 1.35; }
td .better { color: var(--better); } td .worse { color: var(--worse); } .why { white-space: normal; text-align: left; }
.row { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: .85rem; }
svg { max-width: 100%; height: auto; font-size: 11px; } svg text { fill: var(--quiet); }
.grid { stroke: var(--rule); stroke-width: 1; } .chance { fill: none; stroke: var(--quiet); stroke-dasharray: 2 4; }
.curve { fill: none; stroke-width: 1.8; } circle { stroke-width: 0; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
.s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); }
circle.s0 { fill: var(--s0); } circle.s1 { fill: var(--s1); } circle.s2 { fill: var(--s2); }
circle.s3 { fill: var(--s3); } circle.s4 { fill: var(--s4); } circle.s5 { fill: var(--s5); }
.d1 { stroke-dasharray: 7 4; } .d2 { stroke-dasharray: 2 3; }
.clean { fill: var(--s0); fill-opacity: .55; } .adversarial { fill: var(--s1); fill-opacity: .55; }
.unknown { fill: var(--band); } .threshold { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 3; }
.legend { list-style: none; margin: .3rem 0 0; padding: 0; font-size: .88rem; display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
.legend svg { vertical-align: middle; margin-right: .4rem; }
.sample { text-align: center; } .sample img { width: 72px; height: 72px; image-rendering: pixelated; margin-right: 3px;
  border: 1px solid var(--rule); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .86rem; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
)css";

}  // namespace whorl
