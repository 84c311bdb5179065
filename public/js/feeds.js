// The state of the feeds, as the topic "feeds" tells it: a list, and for each topic
// whether somebody still prints on it.

import { Format } from './format.js';
import { make, set, Rows } from './nodes.js';
import { t } from './page.js';

const FINE = ['running', 'starting'];

function told({ state }) {
  const word = Format.clip(state ?? '', 20) || 'unknown';
  return t.has(`feed.${word}`) ? t(`feed.${word}`) : word;
}

const hint = (data) => Format.clip(data.hint ?? data.last_error ?? data.detail ?? '', 160);

function feed() {
  const node = make('li');
  const lamp = node.appendChild(make('span', 'lamp'));
  const name = node.appendChild(make('bdi', 'symbol'));
  const state = node.appendChild(make('span', 'badge'));
  const detail = node.appendChild(make('bdi', 'meta'));
  return {
    node,
    update({ key, data }) {
      const fine = FINE.includes(data.state);
      lamp.dataset.state = fine ? 'good' : 'bad';
      set(name, Format.clip(key, 40));
      set(state, told(data));
      state.classList.toggle('trouble', !fine);
      set(detail, hint(data));
    },
  };
}

export class Feeds {
  #frame; #lamp; #words; #rows;
  #trouble = new Map(); // topic -> {words, hint}, where no feed of it is fine

  /** frame holds a summary and a list, and is hidden while no feed is known. */
  constructor(frame, sum, list) {
    this.#frame = frame;
    this.#lamp = sum.appendChild(make('span', 'lamp'));
    this.#words = sum.appendChild(make('span'));
    this.#rows = new Rows(list, feed);
  }

  /** What is wrong with the feeds of a topic, or ''. */
  trouble(topic) { return this.#trouble.get(topic)?.words ?? ''; }

  /** What to do about it, or ''. */
  hint(topic) { return this.#trouble.get(topic)?.hint ?? ''; }

  update(items) {
    const count = new Map();
    const fine = new Set();
    this.#rows.update(items, {});
    this.#trouble.clear();
    for (const { data } of items) {
      const word = told(data);
      count.set(word, (count.get(word) ?? 0) + 1);
      for (const topic of Array.isArray(data.topics) ? data.topics : []) {
        if (FINE.includes(data.state)) fine.add(topic);
        else this.#trouble.set(topic, { words: t('feed.trouble', { state: word }), hint: hint(data) });
      }
    }
    for (const topic of fine) this.#trouble.delete(topic);
    this.#frame.hidden = items.length === 0;
    this.#lamp.dataset.state = items.every(({ data }) => FINE.includes(data.state)) ? 'good' : 'bad';
    set(this.#words, t('feeds.sum', { states: [...count].map(([state, n]) => t('feeds.count', { n, state })).join(', ') }));
  }
}
