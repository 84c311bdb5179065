// The look of a tape. It is a constructed sheet, so a page's policy needs no exception
// for it; every tape shares the one. What a page may change is a --ticker- variable
// or a part; the names that begin with one underscore are the tape's own.

const TEXT = `
:host {
  --_ground: var(--ticker-ground, light-dark(#fffefb, #12171c));
  --_text: var(--ticker-text, light-dark(#16181b, #e9ecef));
  --_soft: var(--ticker-soft, light-dark(#54575c, #9ca7b3));
  --_line: var(--ticker-line, light-dark(#dbd9cf, #262e37));
  --_green: light-dark(#0a6a3e, #43cf8c);
  --_red: light-dark(#b0241b, #ff8075);
  --_up: var(--ticker-up, var(--_green));
  --_down: var(--ticker-down, var(--_red));
  --_focus: var(--ticker-focus, light-dark(#1b5fc1, #7ab5ff));
  --_warm: light-dark(#b26a00, #ffb638);
  --_wet: light-dark(#2166b8, #6db1ff);
  --_gap: var(--ticker-gap, 1.25em);
  display: block;
  contain: content;
  min-inline-size: min(100%, 12rem);
  border: var(--ticker-border, 1px solid var(--_line));
  border-radius: var(--ticker-radius, 0.5rem);
  background: var(--_ground);
  color: var(--_text);
  font: var(--ticker-font, 1rem/1.4 Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "Helvetica Neue", Arial, system-ui, sans-serif);
  font-variant-numeric: tabular-nums;
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]), :host([theme="black"]) { color-scheme: dark; }
:host([theme="black"]) { --_ground: var(--ticker-ground, #000); --_line: var(--ticker-line, #242a31); }
:host([rise="red"]) { --_up: var(--ticker-up, var(--_red)); --_down: var(--ticker-down, var(--_green)); }

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
ul { margin: 0; padding: 0; list-style: none; }
:focus-visible { outline: 2px solid var(--_focus); outline-offset: -2px; border-radius: 0.25rem; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.stale, .old { --_text: var(--_soft); --_up: var(--_soft); --_down: var(--_soft); --_warm: var(--_soft); --_wet: var(--_soft); color: var(--_soft); }

/* The height is the mode's that was asked for, whatever is shown, and never follows
   what comes. A size of the host's own wins if it is larger. */
.box { container-type: inline-size; block-size: 100%; }
.bar {
  --_height: var(--ticker-height, max(2.75rem, calc(1lh + 1.2em)));
  display: flex;
  align-items: stretch;
  block-size: 100%;
}
.before { display: flex; flex: none; align-items: center; max-inline-size: 40%; }
.name { padding-inline: var(--_gap) 0; font-weight: 600; }
.bar:not([data-height="list"]) .name { display: none; }
.tape { position: relative; flex: 1; min-inline-size: 0; min-block-size: var(--_height); overflow: hidden; overflow: clip; }
.side { display: flex; flex: none; align-items: center; gap: 0.5em; max-inline-size: 60%; }
.status { display: flex; gap: 0.5em; min-inline-size: 0; padding-inline: 0.5em; color: var(--_soft); font-size: 0.8125em; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.still { position: absolute; inset: 0; display: flex; align-items: center; padding-inline: var(--_gap); color: var(--_soft); overflow: hidden; }

.controls { display: flex; align-items: center; block-size: min(100%, 2.75rem); border-inline-start: 1px solid var(--_line); }
button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 0.4em;
  min-inline-size: 2.75rem;
  block-size: 100%;
  min-block-size: 1.5rem;
  margin: 0;
  padding: 0 0.6em;
  border: 0;
  background: none;
  color: var(--_soft);
  font: inherit;
  font-size: 0.8125em;
  white-space: nowrap;
  cursor: pointer;
}
button:hover { color: var(--_text); }
.newer:empty { display: none; }
:host(:dir(rtl)) :is(.next, .previous) .icon { scale: -1 1; }
.icon { flex: none; inline-size: 1.25rem; block-size: 1.25rem; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.sky { inline-size: 1.5em; block-size: 1.5em; stroke: var(--_soft); }
.warm { stroke: var(--_warm); }
.wet { stroke: var(--_wet); }

.item { display: flex; align-items: center; gap: 0.5em; min-inline-size: 0; }
.item > * { flex: none; }
.title { color: inherit; font-weight: 550; text-decoration: none; unicode-bidi: isolate; }
.title[href]:hover { text-decoration: underline; text-underline-offset: 0.15em; }
.price { font-weight: 600; white-space: nowrap; }
.unit { margin-inline-start: 0.25em; color: var(--_soft); font-size: 0.75em; font-weight: 400; }
.change { white-space: nowrap; }
.up { color: var(--_up); }
.down { color: var(--_down); }
.arrow { margin-inline-end: 0.3em; font-size: 0.75em; }
.flat .arrow { visibility: hidden; }
.meta { display: inline-flex; align-items: center; gap: 0.4em; min-inline-size: 0; color: var(--_soft); font-size: 0.8125em; white-space: nowrap; }
.meta > :empty { display: none; }
.meta .badge { font-size: 0.875em; }
.note { overflow: hidden; text-overflow: ellipsis; }
.note:not(:empty) + time:not(:empty)::before, .meta > :not(:empty) ~ .credit::before { content: "· "; }
.credit { overflow: hidden; text-overflow: ellipsis; }
.badge { padding: 0 0.5em; border: 1px solid currentcolor; border-radius: 1em; color: var(--_soft); font-size: 0.6875em; line-height: 1.5; white-space: nowrap; }
.alert { color: var(--_down); font-weight: 600; }

/* crawl */
.tape[data-mode="crawl"] .items { position: absolute; inset: 0; will-change: transform; }
.tape[data-mode="crawl"] .item { position: absolute; inset-block: 0; inset-inline-start: 0; inline-size: max-content; padding-inline: var(--_gap); white-space: nowrap; contain: layout paint style; }
.tape[data-mode="crawl"] .item::before { content: ""; position: absolute; inset-inline-start: 0; inset-block: calc(50% - 0.7em); border-inline-start: 1px solid var(--_line); }
.unmeasured, .gone { visibility: hidden; }

/* flip: one item, its title on as many lines as the bar is wide enough for */
.tape[data-mode="flip"] .items { position: absolute; inset: 0; }
.tape[data-mode="flip"] .item { position: absolute; inset: 0; padding-inline: var(--_gap); }
.tape[data-mode="flip"] .line { --_lines: 1; flex: 0 1 auto; min-inline-size: 0; max-block-size: calc(var(--_lines) * 1lh); overflow: hidden; overflow: clip; }
.tape[data-mode="flip"] .title { display: block; overflow-wrap: anywhere; transition: translate 0.3s; }
.tape[data-mode="flip"] .meta { flex: 0 1 auto; }
@container (inline-size < 40rem) {
  .bar[data-height="flip"] {
    --_height: var(--ticker-height, calc(3lh + 1.3em));
    display: grid;
    grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) auto;
  }
  .bar[data-height="flip"] .before { max-inline-size: none; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .item { padding-inline: 0.75em; }
  .bar[data-height="flip"] .tape { grid-area: 2 / 1; }
  .bar[data-height="flip"] .side { grid-area: 1 / 2 / 3 / 3; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .item { flex-wrap: wrap; align-content: center; gap: 0 0.5em; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .line { --_lines: 2; flex: 1 1 100%; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .item:is([data-topic="stock"], [data-topic="weather"]) .line { --_lines: 1; flex: 0 1 auto; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .alert { order: 1; }
  .bar[data-height="flip"] .tape[data-mode="flip"] .meta { order: 2; }
  .bar:not([data-height="flip"]) .tape[data-mode="flip"] .meta { display: none; }
  .tape[data-mode="list"] .item { padding-inline: 0.75em; }
  .name { padding-inline-start: 0.75em; }
  :is(.next, .previous) { min-inline-size: 2.25rem; padding-inline: 0; }
}

/* One word for all, where there is room for it, instead of one on each item. */
@container (inline-size >= 40rem) { .bar.simulated .item .simulated { display: none; } }
@container (inline-size < 40rem) { .status.fine, .status .simulated { display: none; } }

/* list: also what a crawl and a flip are for readers who want less motion */
.scroller { position: absolute; inset: 0; overflow: auto; scrollbar-width: thin; scrollbar-color: var(--_soft) transparent; }
.tape[data-mode="list"] .item { flex-wrap: wrap; gap: 0 0.6em; padding: 0.5em var(--_gap); }
.tape[data-mode="list"] .item + .item { border-block-start: 1px solid var(--_line); }
.tape[data-mode="list"] .line { flex: 0 1 auto; min-inline-size: 0; overflow-wrap: anywhere; }
.tape[data-mode="list"] .meta { flex: 0 1 auto; flex-wrap: wrap; }
.tape[data-mode="list"] .credit { white-space: normal; }
.bar[data-height="list"] { display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) auto; min-block-size: var(--ticker-height, 15rem); }
.bar[data-height="list"] .before { max-inline-size: none; }
.bar[data-height="list"] .side { min-block-size: 2.75rem; max-inline-size: none; }
.bar[data-height="list"] .tape { grid-area: 2 / 1 / 3 / 3; min-block-size: 0; border-block-start: 1px solid var(--_line); }

@media (prefers-reduced-motion: reduce) { *, *::before, *::after { transition: none !important; } }
`;

let made = null; // one sheet of a document is enough for all tapes

/** The sheet, for adoptedStyleSheets. */
export function sheet() {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(TEXT);
  }
  return made;
}
