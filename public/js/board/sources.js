// The sources of the headlines, to see those of one alone.

import { Format } from '../format.js';
import { make } from '../dom.js';
import { t } from '../page.js';

const MOST = 40; // sources that are offered

export class Sources {
  #shown = '';

  /** chosen(source) is called with the reader's choice, '' for all. */
  constructor(chosen) {
    this.root = make('select', 'sources');
    this.root.setAttribute('aria-label', t('board.source'));
    this.root.addEventListener('change', () => chosen(this.root.value));
  }

  /** Offers the sources of the items; source is the one that is chosen. */
  update(items, source) {
    const names = new Set(items.map(({ data }) => data.source).filter((name) => typeof name === 'string' && name && name.length <= 200));
    if (source) names.add(source);
    const all = ['', ...[...names].sort((a, b) => a.localeCompare(b)).slice(0, MOST)];
    if (source && !all.includes(source)) all.push(source);
    const shown = JSON.stringify([all, source]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.replaceChildren(...all.map((name) => {
      const option = make('option', '', name ? Format.clip(name, 60) : t('board.sources'));
      option.value = name;
      return option;
    }));
    this.root.value = source;
    this.root.hidden = all.length < 3 && !source;
  }
}
