// Small tools for nodes. Text enters the page by textContent alone, here and in the
// views; nodes are kept by key and used again, so that a page that runs for weeks
// stays as large as what it shows.

import { format, t } from './page.js';
import { moment } from './store.js';

/** An element with a class and, as text, a text. */
export function make(tag, className = '', text = '') {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Sets a text, if it is another: an equal one costs no layout. */
export function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** An element of a small picture. */
export function svg(tag, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Rows keeps the children of parent in step with a list of items, by key. */
export class Rows {
  #parent; #make;
  #rows = new Map();

  /** make() returns {node, update(item, context)}. */
  constructor(parent, makeRow) {
    this.#parent = parent;
    this.#make = makeRow;
  }

  update(items, context) {
    const keys = new Set(items.map((item) => item.key));
    const spare = [];
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      this.#rows.delete(key);
      row.node.remove();
      spare.push(row);
    }
    items.forEach((item, place) => {
      const row = this.#rows.get(item.key) ?? spare.pop() ?? this.#make();
      this.#rows.set(item.key, row);
      row.update(item, context);
      const there = this.#parent.children[place] ?? null;
      if (there !== row.node) this.#parent.insertBefore(row.node, there);
    });
  }
}

/** An item's time: an age that ticks, or when it was seen if nobody said when it was; hidden if nobody knows. */
export function stamp(node, item, now) {
  const { ms, seen } = moment(item);
  node.at = ms;
  node.seen = seen;
  node.hidden = ms === null;
  const iso = ms === null ? '' : new Date(ms).toISOString();
  if (node.dateTime !== iso) {
    node.dateTime = iso;
    node.title = ms === null ? '' : wording(node, format.full(ms));
  }
  tell(node, now);
}

/** Writes the age of a time element that stamp has set. */
export const tell = (node, now) => set(node, node.at === null ? '' : wording(node, format.age(now - node.at)));

const wording = (node, age) => (node.seen ? t('data.seen', { age }) : age);

/** A badge, hidden until it applies. */
export function badge(parent, className, text = '') {
  const node = parent.appendChild(make('span', `badge ${className}`, text));
  node.hidden = true;
  return node;
}
