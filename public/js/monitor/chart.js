// A card with a figure and the lines of its last minutes. The lines say nothing that
// the words do not: they are hidden from screen readers.

import { make, set } from '../dom.js';
import { svg } from '../nodes.js';
import { t } from '../page.js';
import { SPAN } from './series.js';

const [WIDTH, HEIGHT] = [300, 72];
const GAP = 0.05; // of the span without a value: the line is cut there

function path(points, top) {
  let text = '';
  let before = -1;
  for (const { x, value } of points) {
    const y = HEIGHT - 1 - (Math.min(Math.max(value, 0), top) / top) * (HEIGHT - 3);
    text += `${before < 0 || x - before > GAP ? 'M' : 'L'}${(x * WIDTH).toFixed(1)} ${y.toFixed(1)}`;
    before = x;
  }
  return text;
}

export class Chart {
  #figure; #note; #lines; #legend; #top; #facts;

  /**
   * title is its heading; lines are the words for each line, none for a single one; top is the value at
   * the upper edge, or a function of the greatest value that says it.
   */
  constructor(parent, title, { lines = [''], top }) {
    this.#top = typeof top === 'function' ? top : () => top;
    const card = parent.appendChild(make('article', 'card chart'));
    const head = card.appendChild(make('header'));
    head.append(make('h3', 'label', title));
    this.#figure = card.appendChild(make('p', 'figure'));
    this.#note = card.appendChild(make('p', 'meta note'));
    const picture = card.appendChild(svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'lines', 'aria-hidden': 'true' }));
    picture.append(svg('path', { d: `M0 ${HEIGHT - 0.5}H${WIDTH}`, class: 'base' }));
    this.#lines = lines.map((_, i) => {
      const line = picture.appendChild(svg('path', { class: `line line${i + 1}` }));
      return line;
    });
    this.#legend = card.appendChild(make('p', 'legend meta'));
    lines.forEach((words, i) => {
      if (words) this.#legend.append(make('span', `key key${i + 1}`, words));
    });
    this.#legend.append(make('span', 'span', t('monitor.span', { n: SPAN / 60_000 })));
    this.#facts = card.appendChild(make('div', 'facts'));
  }

  /** Where a card puts more. */
  get facts() { return this.#facts; }

  /** figure and note are words; all is a list of lists of {x, value}. */
  update(figure, note, all) {
    set(this.#figure, figure);
    set(this.#note, note);
    const greatest = Math.max(0, ...all.flat().map(({ value }) => value));
    const top = Math.max(this.#top(greatest), Number.MIN_VALUE);
    all.forEach((points, i) => {
      const d = path(points, top);
      if (this.#lines[i].getAttribute('d') !== d) this.#lines[i].setAttribute('d', d);
    });
  }
}
