// What takes over the screen: breaking news and severe weather, once each, for a bounded
// time, and never so often that nothing else is seen.

import { Format } from '../format.js';
import { language } from '../items.js';
import { keep, kept, t } from '../page.js';
import { make, set } from '../nodes.js';
import { moment } from '../store.js';
import { describe } from '../tape/row.js';
import { byline } from './rows.js';
import { fit } from './fit.js';

const KEPT = 'tickertape.kiosk.told';
const REMEMBERED = 500; // alerts that do not take over again
const STORED = 100; // of them, over a reload
const WAITING = 3; // the newest that wait
const ROW = 3; // in a row, then there is a rest
const RECENT = 10 * 60_000; // ms after which news of a snapshot interrupts nobody
const SEVERE = ['severe', 'extreme'];

/** Whether an item takes over. */
export const isAlert = ({ data }) => data.breaking === true || SEVERE.includes(data.severity);

export class Takeover {
  #node; #story; #kind; #title; #more; #by; #timing; #hooks;
  #told = remembered(); // names of alerts that took over
  #waiting = []; // {topic, item, name}, oldest first
  #shown = null;
  #until = 0; // by the steady clock: its end, or that of the rest after it
  #row = 0; // how many without such a rest between them

  /**
   * Fills an element that is hidden. timing has hold and rest, in ms; hooks: find(topic,
   * key) returns the item as it is now; context(); begun(said, alert), ended().
   */
  constructor(node, timing, hooks) {
    this.#node = node;
    this.#timing = timing;
    this.#hooks = hooks;
    this.#kind = node.appendChild(make('p', 'kicker'));
    this.#story = node.appendChild(make('article', 'story'));
    this.#title = this.#story.appendChild(make('p', 'title'));
    this.#title.dir = 'auto';
    this.#more = this.#story.appendChild(make('p', 'more'));
    this.#more.dir = 'auto';
    this.#by = byline(node.appendChild(make('p', 'facts')));
  }

  /** Whether something has taken over. */
  get on() { return this.#shown !== null; }

  /** Takes an item that came; live: it has just been printed. */
  add(topic, item, live, now) {
    if (!isAlert(item)) return;
    const { ms } = moment(item);
    const lasts = SEVERE.includes(item.data.severity) && item.expires !== null; // in force until then
    if (!live && !lasts && (ms === null || now - ms > RECENT)) return;
    const name = nameOf(topic, item);
    if (this.#told.has(name)) return;
    this.#told.add(name);
    while (this.#told.size > REMEMBERED) this.#told.delete(this.#told.values().next().value);
    this.#waiting = [...this.#waiting, { topic, key: item.key, name }].slice(-WAITING);
  }

  /** Begins, ends and goes on; steady is the time by the steady clock. */
  tick(steady) {
    if (this.#shown) {
      if (this.#item(this.#shown) && steady < this.#until) {
        this.#write();
        return;
      }
      this.#end(steady);
    }
    if (steady >= this.#until) this.#row = 0; // rested
    else if (this.#row >= ROW) return;
    while (this.#waiting.length > 0 && !this.#shown) {
      const next = this.#waiting.shift();
      if (this.#item(next)) this.#begin(next, steady);
    }
  }

  /** Ends it at once. */
  dismiss(steady) {
    if (this.#shown) this.#end(steady);
  }

  measure() { if (this.#shown) fit(this.#story, this.#title, this.#more); }

  #item({ topic, key }) {
    const item = this.#hooks.find(topic, key);
    return item && isAlert(item) ? item : null;
  }

  #begin(next, steady) {
    this.#shown = next;
    this.#row++;
    this.#until = steady + this.#timing.hold;
    this.#node.hidden = false;
    const { title, alert } = this.#write();
    fit(this.#story, this.#title, this.#more);
    keep(KEPT, JSON.stringify([...this.#told].slice(-STORED)));
    this.#hooks.begun(title, alert);
  }

  #write() {
    const item = this.#item(this.#shown);
    const { topic } = this.#shown;
    const context = this.#hooks.context();
    const said = describe({ key: '', topic, item, lasting: false }, context);
    const { data } = item;
    const severe = SEVERE.includes(data.severity);
    const alert = severe ? t('kiosk.warning', { severity: t(`severity.${data.severity}`) }) : t('kiosk.breaking');
    this.#node.dataset.severity = severe ? data.severity : 'breaking';
    set(this.#kind, alert);
    set(this.#title, data.title === undefined && typeof data.event === 'string' ? Format.clip(data.event) : said.title);
    this.#title.lang = this.#more.lang = language(data.lang);
    set(this.#more, Format.clip(data.summary ?? data.description ?? data.instruction ?? ''));
    this.#by(item, { ...said, alert: '' }, context.now);
    return { title: said.title, alert };
  }

  #end(steady) {
    this.#shown = null;
    this.#node.hidden = true;
    this.#until = steady + this.#timing.rest;
    this.#hooks.ended();
  }
}

// The same words under the same key are the same alert.
const nameOf = (topic, { key, data }) => Format.clip(`${topic} ${key} ${data.title ?? data.headline ?? data.event ?? ''} ${data.severity ?? ''}`, 200);

function remembered() {
  try {
    return new Set(JSON.parse(kept(KEPT) ?? '[]').filter((name) => typeof name === 'string').slice(-STORED));
  } catch {
    return new Set();
  }
}
