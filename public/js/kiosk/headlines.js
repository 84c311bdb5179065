// The headlines: one after another, large, with those that follow below; or a list, page
// by page; or a list that moves up by one.

import { Format } from '../format.js';
import { language } from '../items.js';
import { make, set, Rows } from '../nodes.js';
import { t } from '../page.js';
import { describe } from '../tape/row.js';
import { Sequence } from '../tape/sequence.js';
import { fit } from './fit.js';
import { frame } from './panel.js';
import { byline, headline } from './rows.js';

const COME = [{ opacity: 0, translate: '0 1.25rem' }, { opacity: 1, translate: '0 0' }];
const CALM = { duration: 700, easing: 'cubic-bezier(0.2, 0, 0, 1)' };
const GLIDE = { duration: 1200, easing: 'cubic-bezier(0.4, 0, 0.2, 1)', fill: 'forwards' };
const NEXT = 3; // headlines that are announced below the one that is read
const MOST = 24; // rows of a list at once

/** One headline at a time. A panel, see panel.js; it has its words for no item too. */
export class Flip {
  #frame; #story; #title; #more; #by; #rows; #next; #size;
  #sequence = new Sequence();
  #entries = [];
  #key = null;
  #context = null;
  #fitted = ''; // what the size was found for

  constructor(topic, title) {
    this.topic = topic;
    this.#frame = frame(topic, title);
    const { body } = this.#frame;
    this.#story = body.appendChild(make('article', 'story'));
    this.#title = this.#story.appendChild(make('p', 'title'));
    this.#title.dir = 'auto';
    this.#more = this.#story.appendChild(make('p', 'more'));
    this.#more.dir = 'auto';
    this.#by = byline(this.#story.appendChild(make('p', 'facts')));
    this.#next = body.appendChild(make('ul', 'next'));
    this.#rows = new Rows(this.#next, headline);
    this.#size = new ResizeObserver(() => this.measure());
    this.#size.observe(body);
  }

  get node() { return this.#frame.node; }

  update(items, context) {
    this.#context = context;
    this.#entries = items.map((item) => ({ key: item.key, topic: this.topic, item, lasting: false }));
    this.#sequence.update(this.#entries);
    this.#frame.tell(items, context.none(this.topic));
    this.#story.hidden = this.#next.hidden = items.length === 0;
    const entry = this.#key === null ? null : this.#sequence.get(this.#key);
    if (entry) this.#show(entry);
    else this.#turn(this.#sequence.next());
  }

  step(by) {
    const entry = by > 0 ? this.#sequence.next() : this.#sequence.before(this.#key);
    if (by < 0 && entry) this.#sequence.seek(entry.key);
    this.#turn(entry);
    return false;
  }

  /** Begins again with the newest. */
  restart() {
    this.#sequence.restart();
    this.#turn(this.#sequence.next());
  }

  measure() {
    this.#fitted = '';
    const entry = this.#sequence.get(this.#key);
    if (entry) this.#show(entry);
  }

  #turn(entry) {
    const first = this.#key === null;
    const same = entry?.key === this.#key;
    this.#key = entry?.key ?? null;
    if (!entry) return;
    this.#show(entry);
    if (first || same || this.#context.calm) return;
    for (const motion of this.#story.getAnimations()) motion.cancel();
    this.#story.animate(COME, CALM);
  }

  #show(entry) {
    const said = describe(entry, this.#context);
    const more = Format.clip(entry.item.data.summary);
    set(this.#title, said.title);
    this.#title.lang = this.#more.lang = language(said.lang);
    set(this.#more, more);
    this.#by(entry.item, said, this.#context.now);
    const wanted = `${said.title}\n${more}\n${said.alert}`;
    if (wanted !== this.#fitted && this.node.isConnected) {
      this.#fitted = wanted;
      fit(this.#story, this.#title, this.#more);
    }
    const at = this.#entries.findIndex(({ key }) => key === entry.key);
    const after = [...this.#entries.slice(at + 1), ...this.#entries.slice(0, at)].slice(0, NEXT);
    this.#rows.update(after, this.#context);
  }
}

/** A list of headlines: still, page by page; or gliding up by one headline at a time. */
export class List {
  #frame; #list; #rows; #size; #glides;
  #entries = [];
  #context = null;
  #fits = 0;
  #at = 0; // place of the first that is shown
  #waits = 0; // turns until the next page
  #moving = null;

  constructor(topic, title, glides) {
    this.topic = topic;
    this.#glides = glides;
    this.#frame = frame(topic, title);
    this.node.classList.add('listed');
    this.#list = this.#frame.body.appendChild(make('ul', 'rows'));
    this.#rows = new Rows(this.#list, headline);
    this.#size = new ResizeObserver(() => this.measure());
    this.#size.observe(this.#frame.body);
  }

  get node() { return this.#frame.node; }

  update(items, context) {
    const first = this.#entries[this.#at]?.key;
    const top = this.#at === 0;
    if (items.length > this.#entries.length && this.#fits >= this.#entries.length) this.#fits = 0; // all did fit
    this.#context = context;
    this.#entries = items.map((item) => ({ key: item.key, topic: this.topic, item, lasting: false }));
    // What is read stays in its place; the newest come when the list is at its top.
    this.#at = top ? 0 : Math.max(0, this.#entries.findIndex(({ key }) => key === first));
    this.#frame.tell(items, context.none(this.topic));
    this.#draw();
  }

  /** A turn of the time that one headline takes: a page of several stays for as many. */
  step(by, asked = false) {
    if (this.#entries.length <= this.#fits || this.#moving) return false;
    if (this.#glides && !this.#context.calm && by > 0) {
      this.#glide();
    } else if (asked || ++this.#waits >= this.#fits) {
      this.#waits = 0;
      const last = this.#entries.length - 1;
      const to = this.#at + by * this.#fits;
      this.#at = to > last ? 0 : to >= 0 ? to : Math.floor(last / this.#fits) * this.#fits;
      this.#draw();
    }
    return false;
  }

  restart() {
    this.#at = this.#waits = 0;
    if (this.#context) this.#draw();
  }

  measure() {
    this.#fits = 0;
    if (this.#context) this.#draw();
  }

  #glide() {
    const [first, second] = this.#list.children;
    const height = second ? second.offsetTop - first.offsetTop : 0;
    this.#moving = this.#list.animate([{ translate: '0 0' }, { translate: `0 ${-height}px` }], GLIDE);
    this.#moving.onfinish = () => {
      const motion = this.#moving;
      this.#moving = null;
      this.#at = (this.#at + 1) % this.#entries.length;
      this.#draw();
      motion.cancel();
    };
  }

  #draw() {
    if (this.#moving) return;
    if (this.#fits === 0 && this.node.isConnected) {
      this.#list.style.gridAutoRows = '';
      this.#rows.update(this.#entries.slice(0, MOST), this.#context);
      const { body } = this.#frame;
      const rows = [...this.#list.children];
      const fit = rows.findIndex((row) => row.offsetTop + row.offsetHeight > body.clientHeight + 1);
      if (body.clientHeight > 0 && rows.length > 0) this.#fits = fit < 0 ? MOST : Math.max(1, fit);
    }
    const all = this.#entries;
    const fits = this.#fits || MOST;
    const round = this.#glides && all.length > fits;
    const shown = round ? [...all, ...all].slice(this.#at, this.#at + Math.min(fits + 1, all.length)) : all.slice(this.#at, this.#at + fits);
    this.#list.style.gridAutoRows = round ? `${100 / fits}%` : ''; // the one that comes next waits below
    this.#rows.update(shown, this.#context);
    const pages = Math.ceil(all.length / fits);
    set(this.#frame.note, round || pages < 2 ? '' : `${Math.floor(this.#at / fits) + 1} / ${pages}`);
  }
}
