// The frame around a topic on the display, and the lists in it: as many rows as fit are
// shown at once, and the rest page by page.

import { credits } from '../items.js';
import { make, set, Rows } from '../nodes.js';
import { t } from '../page.js';

const MOST = 24; // rows at once

/** A panel: {node, head, body, note, none, tell}. */
export function frame(topic, title) {
  const node = make('section', 'panel');
  node.dataset.topic = topic;
  const head = node.appendChild(make('header'));
  const name = head.appendChild(make('h2', 'kicker', title));
  name.dir = 'auto';
  const simulated = head.appendChild(make('span', 'badge', t('data.simulated')));
  const note = head.appendChild(make('span', 'note'));
  note.setAttribute('aria-hidden', 'true');
  const body = node.appendChild(make('div', 'body'));
  const none = body.appendChild(make('p', 'none'));
  const credit = node.appendChild(make('p', 'credit'));
  credit.dir = 'auto';
  return {
    node, head, note, body, none,
    /** Says of all items together: that they are simulated, to whom they are owed, or why there are none. */
    tell(items, words) {
      simulated.hidden = items.length === 0 || !items.every(({ data }) => data.simulated === true);
      set(credit, credits(items).join(' · '));
      none.hidden = items.length > 0;
      set(none, items.length > 0 ? '' : words);
    },
  };
}

/**
 * A panel of rows. Panels have node, topic, update(items, context), step(by), which
 * returns whether that went past an end, and quiet(words), for when there are no items.
 */
export class Lines {
  #frame; #list; #rows; #size;
  #items = [];
  #context = null;
  #fits = 0; // rows at once; 0: to be measured
  #page = 0;

  /** makeRow is that of Rows. */
  constructor(topic, title, makeRow) {
    this.topic = topic;
    this.#frame = frame(topic, title);
    this.#list = this.#frame.body.appendChild(make('ul', 'rows'));
    this.#rows = new Rows(this.#list, makeRow);
    this.#size = new ResizeObserver(() => this.measure());
    this.#size.observe(this.#frame.body);
  }

  get node() { return this.#frame.node; }

  get #pages() { return Math.max(1, Math.ceil(this.#items.length / (this.#fits || MOST))); }

  update(items, context) {
    if (items.length > this.#items.length && this.#fits >= this.#items.length) this.#fits = 0; // all did fit
    this.#items = items;
    this.#context = context;
    this.#frame.tell(items, context.none(this.topic));
    this.#draw();
  }

  step(by) {
    const page = this.#page + by;
    const past = page < 0 || page >= this.#pages;
    this.#page = past ? 0 : page;
    if (this.#context) this.#draw();
    return past;
  }

  /** Counts again how many rows fit. */
  measure() {
    this.#fits = 0;
    if (this.#context) this.#draw();
  }

  #draw() {
    if (this.#fits === 0 && this.node.isConnected) {
      this.#rows.update(this.#items.slice(0, MOST), this.#context);
      this.#fits = this.#fitting();
    }
    this.#page = Math.min(this.#page, this.#pages - 1);
    const from = this.#page * (this.#fits || MOST);
    this.#rows.update(this.#items.slice(from, from + (this.#fits || MOST)), this.#context);
    set(this.#frame.note, this.#pages > 1 ? `${this.#page + 1} / ${this.#pages}` : '');
  }

  #fitting() {
    const { body } = this.#frame;
    const rows = [...this.#list.children];
    if (rows.length === 0 || body.clientHeight === 0) return 0;
    const fit = rows.findIndex((row) => row.offsetTop + row.offsetHeight > body.clientHeight + 1);
    return fit < 0 ? rows.length >= this.#items.length ? MOST : rows.length : Math.max(1, fit);
  }
}
