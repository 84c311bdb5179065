// Pausing the board: what is shown stays, what comes is counted, and resuming goes to
// what is current.

import { icon, setIcon } from '../icons.js';
import { make, set } from '../dom.js';
import { t } from '../page.js';
import { go, state } from './state.js';

export class Pause {
  #button; #icon; #word;
  #lists = null; // topic -> items that are shown, while it is held
  #events = 0; // that have come since, on topics in which every event matters
  #keys = new Set(); // of the other topics that have another value since; at most MOST
  static #MOST = 10_000;

  /** Fills a button. */
  constructor(button) {
    this.#button = button;
    this.#icon = button.appendChild(icon('pause'));
    this.#word = button.appendChild(make('span'));
    button.addEventListener('click', () => go({ paused: !state.paused }));
    this.#draw();
  }

  /** Whether the board is held. */
  get on() { return this.#lists !== null; }

  /** Holds what is shown, or lets go. */
  hold(on) {
    this.#lists = on ? this.#lists ?? new Map() : null;
    this.#events = 0;
    this.#keys.clear();
    this.#draw();
  }

  /** The items of a topic that are shown: the ones of now, unless it is held; list() has those. */
  items(topic, list) {
    if (!this.#lists) return list();
    if (!this.#lists.has(topic)) this.#lists.set(topic, list());
    return this.#lists.get(topic);
  }

  /** Counts an event that is not shown. */
  count(topic, mode, key) {
    if (!this.#lists) return;
    if (mode !== 'latest') this.#events++;
    else if (this.#keys.size < Pause.#MOST) this.#keys.add(`${topic} ${key}`);
    this.#draw();
  }

  #draw() {
    const n = this.#events || this.#keys.size;
    setIcon(this.#icon, this.on ? 'play' : 'pause');
    this.#button.setAttribute('aria-pressed', String(this.on));
    this.#button.classList.toggle('main', this.on);
    set(this.#word, !this.on ? t('action.pause') : n > 0 ? t('pause.newer', { n }) : t('action.resume'));
    this.#button.setAttribute('aria-label', !this.on ? t('board.pause') : n > 0 ? `${t('board.resume')}: ${t('pause.newer', { n })}` : t('board.resume'));
  }
}
