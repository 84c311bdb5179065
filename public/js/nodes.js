// Small tools for nodes of this page: those of dom.js, and times and badges in its
// reader's language. Nodes are kept by key and used again, so that a page that runs for
// weeks stays as large as what it shows.

import { make, set } from './dom.js';
import { format, t } from './page.js';
import { moment } from './store.js';

export { make, set, Rows } from './dom.js';

/** An element of a small picture. */
export function svg(tag, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
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
