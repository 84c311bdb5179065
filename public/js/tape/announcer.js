// What a tape says to those who do not see it. The tape itself is never a live region:
// it would be read without end. This says little, seldom, and nothing twice.

import { set } from '../dom.js';

const PAUSE = { summary: 25_000, all: 5_000 }; // ms between two messages
const MOST = 3; // items that one message of "all" names
const REMEMBERED = 50; // alerts that are not said again

/** Announcer owns two hidden elements: one that is read when there is time, one that interrupts. */
export class Announcer {
  #polite; #urgent;
  #waiting = []; // texts of new items, newest first; at most MOST, and how many they stand for
  #count = 0;
  #said = -Infinity; // when the last message was
  #alerts = new Set(); // texts of alerts that were said

  constructor(polite, urgent) {
    this.#polite = polite;
    this.#urgent = urgent;
  }

  /** Takes an item that came live: its text, and the word of its alert or ''. mode is off, summary or all. */
  add(mode, text, alert) {
    if (mode === 'off') return;
    if (alert) {
      this.#alarm(`${alert}: ${text}`);
      return;
    }
    this.#count++;
    this.#waiting = [text, ...this.#waiting].slice(0, MOST);
  }

  /** Says what there is to say, if it is time. now is any steady clock in ms. */
  tick(mode, t, now) {
    if (mode === 'off') this.forget();
    if (this.#count === 0 || now - this.#said < PAUSE[mode]) return;
    const [top] = this.#waiting;
    const all = [...this.#waiting];
    if (this.#count > all.length) all.push(t('tape.more', { n: this.#count - all.length }));
    set(this.#polite, mode === 'all' ? all.join('. ') : t('tape.news', { n: this.#count, top }));
    this.#said = now;
    this.forget();
  }

  /** Says nothing of what came until now. */
  forget() {
    this.#count = 0;
    this.#waiting = [];
  }

  #alarm(text) {
    if (this.#alerts.has(text)) return;
    if (this.#alerts.size >= REMEMBERED) this.#alerts.delete(this.#alerts.values().next().value);
    this.#alerts.add(text);
    set(this.#urgent, text);
  }
}
