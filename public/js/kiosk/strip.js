// The tape along the edge: the modes of <ticker-tape> with the display's own items, so
// that it shows what storage kept as long as the server is away. What stands still stands
// still: as many items as fit, and the next ones at the next turn.

import { make, set, Rows } from '../dom.js';
import { Crawl } from '../tape/crawl.js';
import { Flip } from '../tape/flip.js';
import { frame } from '../tape/frame.js';
import { row } from '../tape/row.js';

const MOST = 24; // nodes that stand still at once
const LOOK = `
:host { border-radius: 0; border-inline: 0; }
.bar { --_height: 100%; }
.controls, .before { display: none; }
.status { font-size: 1rem; padding-inline: 1.5em; }
.tape[data-mode="still"] .items { position: absolute; inset: 0; display: flex; align-items: center; justify-content: space-evenly; gap: calc(2 * var(--_gap)); overflow: hidden; padding-inline: var(--_gap); }
.tape[data-mode="still"] .item { flex: none; max-inline-size: 100%; white-space: nowrap; }
.tape[data-mode="still"] .line { min-inline-size: 0; flex: 0 1 auto; overflow: hidden; text-overflow: ellipsis; }
.tape[data-mode="still"] .over { visibility: hidden; position: absolute; }

@media (min-aspect-ratio: 4/1) { :host([data-tall]) .bar .tape[data-mode] .meta { flex: none; max-inline-size: 30%; font-size: 0.4em; } }

/* one item on the whole screen: whose it is stands below its title */
@media not (min-aspect-ratio: 4/1) {
  :host([data-tall]) .tape:not([data-mode="crawl"]) .item { flex: 0 0 100%; flex-wrap: wrap; align-content: center; gap: 0.3em 0.7em; white-space: normal; }
  :host([data-tall]) .tape:not([data-mode="crawl"]) .line { --_lines: var(--strip-lines, 1); flex: 0 1 auto; max-inline-size: 100%; }
  :host([data-tall]) .tape:not([data-mode="crawl"]) .item:not([data-topic="stock"], [data-topic="weather"]) :is(.line, .meta) { flex: 1 1 100%; }
  :host([data-tall]) .tape[data-mode="still"] .title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: var(--strip-lines); overflow: hidden; }
  :host([data-tall]) .bar .tape:not([data-mode="crawl"]) .meta { display: flex; order: 2; font-size: max(0.45em, 1rem); font-weight: 400; gap: 0.6em; max-inline-size: 100%; }
  :host([data-tall]) .bar .tape:not([data-mode="crawl"]) .meta[hidden] { display: none; }
  :host([data-tall]) .title { text-wrap: balance; overflow-wrap: anywhere; }
  :host([data-tall]) .alert { order: 1; }
}
`;

/** A mode of the tape, see ../tape/list.js: stands still, page by page. */
class Still {
  #list; #rows; #size;
  #entries = [];
  #context = null;
  #from = 0;
  #fits = 1;

  constructor(root) {
    this.#list = root.appendChild(make('ul', 'items'));
    this.#rows = new Rows(this.#list, row);
    this.#size = new ResizeObserver(() => { if (this.#context) this.update(this.#entries, this.#context); });
    this.#size.observe(root);
  }

  update(entries, context) {
    this.#entries = entries;
    this.#context = context;
    if (this.#from >= entries.length) this.#from = 0;
    this.#rows.update(entries.slice(this.#from, this.#from + MOST), context);
    const rows = [...this.#list.children];
    for (const node of rows) node.classList.remove('over');
    const style = getComputedStyle(this.#list);
    const gap = parseFloat(style.columnGap) || 0;
    let left = this.#list.clientWidth - parseFloat(style.paddingInlineStart) * 2 + gap;
    this.#fits = 0;
    for (const node of rows) {
      left -= node.offsetWidth + gap;
      if (left < 0 && this.#fits > 0) break;
      this.#fits++;
    }
    rows.forEach((node, i) => {
      node.classList.toggle('over', i >= this.#fits);
      node.inert = i >= this.#fits;
    });
  }

  run() {}

  step(by) {
    const to = this.#from + by * Math.max(1, this.#fits);
    this.#from = to >= this.#entries.length ? 0 : Math.max(0, to);
    if (this.#context) this.update(this.#entries, this.#context);
  }

  restart() { this.#from = 0; }

  close() {
    this.#size.disconnect();
    this.#list.remove();
  }
}

const MODES = { crawl: Crawl, flip: Flip, still: Still };

/** Strip fills a host with a tape. */
export class Strip {
  #host; #frame; #mode = ''; #tape = null;
  #slow = false;
  #last = null; // what update was given

  /** tall: it is all there is on the screen. */
  constructor(host, tall) {
    this.#host = host;
    host.toggleAttribute('data-tall', tall);
    const root = host.attachShadow({ mode: 'open' });
    this.#frame = frame(root);
    const look = new CSSStyleSheet();
    look.replaceSync(LOOK);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, look];
    this.#frame.bar.dataset.height = 'strip';
    this.#frame.still.hidden = true;
    this.#frame.status.classList.add('fine');
  }

  /** Whether it stands still, and wants to be turned. */
  get still() { return this.#mode === 'still'; }

  /** Shows entries (see ../tape/source.js) in a mode: crawl, flip or still. A machine that is too slow to crawl turns pages. */
  update(mode, entries, context, old) {
    this.#last = [mode, entries, context, old];
    const shown = mode === 'crawl' && this.#slow ? 'still' : mode;
    if (shown !== this.#mode) {
      this.#tape?.close();
      this.#mode = shown;
      this.#frame.tape.dataset.mode = shown;
      this.#tape = new MODES[shown](this.#frame.tape, () => {
        this.#slow = true;
        this.update(...this.#last);
      });
      if (shown === 'crawl') this.#frame.tape.role = 'marquee';
      else this.#frame.tape.removeAttribute('role');
      if (shown === 'crawl') this.#frame.tape.ariaLabel = context.label;
      else this.#frame.tape.ariaLabel = null;
    }
    this.#frame.bar.classList.toggle('old', old);
    this.#frame.bar.ariaLabel = context.label;
    this.#host.hidden = entries.length === 0;
    // One word for all, instead of one on each.
    const simulated = entries.length > 0 && entries.every(({ item }) => item.data.simulated === true);
    this.#frame.bar.classList.toggle('simulated', simulated);
    this.#frame.status.hidden = !simulated;
    set(this.#frame.simulated, simulated ? context.t('data.simulated') : '');
    this.#tape.update(entries, context);
  }

  run(on) { this.#tape?.run(on && !this.#host.hidden); }

  step(by) { this.#tape?.step(by); }

  restart() { this.#tape?.restart(); }
}
