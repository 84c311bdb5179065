// The choice of topics: what the server offers, a chip for each, and which of them are
// on. state.type is a list of types, or null for the standard: all on which anybody prints.

import { make } from '../dom.js';
import { keep, kept } from '../page.js';
import { topicOf } from '../stream.js';
import { USUAL, byPlace, title } from '../topics.js';
import { go, state } from './state.js';

const KEPT = 'tickertape.catalogue';
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const MOST = 100; // topics that are offered

// Nobody prints on it, and nobody has: its card would be blank.
const isBare = ({ feeds, values }) => Array.isArray(feeds) && feeds.length === 0 && values === 0;

export class Choice {
  #root;
  #boxes = new Map(); // topic -> checkbox
  #topics = []; // that can be chosen
  /** The catalogue is a guess, so that the first paint has its cards. */
  guessed = true;
  /** The catalogue is this server's own, of now. */
  current = false;

  /** Fills root with a chip for each topic. */
  constructor(root) {
    this.#root = root;
    this.#offer((state.type ?? USUAL).map((type) => ({ name: topicOf(type) })));
    try {
      const topics = JSON.parse(kept(KEPT) ?? '[]');
      if (Array.isArray(topics) && topics.length > 0) {
        this.#offer(topics);
        this.guessed = false;
      }
    } catch { /* written by another version */ }
  }

  /** Takes the names of topics from a stream, as long as nothing better is known. */
  guess(names) {
    if (this.guessed) this.#offer(names.map((name) => ({ name: topicOf(String(name)) })));
  }

  /** Takes the server's catalogue. */
  learn(topics) {
    this.current = true;
    this.guessed = false;
    this.#offer(topics);
    keep(KEPT, JSON.stringify(this.#topics.map(({ name, description, mode, key, bare }) => ({ name, description, mode, key, bare }))));
  }

  #offer(topics) {
    const asked = (name) => state.type?.some((type) => topicOf(type) === name); // by name, what is not public is read too
    const wanted = ({ name }) => name === 'feeds' || asked(name); // not among those that are too many
    this.#topics = topics.filter((topic) => typeof topic?.name === 'string' && NAME.test(topic.name) && !topic.retired && (topic.public !== false || asked(topic.name)))
      .sort((a, b) => wanted(b) - wanted(a) || byPlace(a.name, b.name)).slice(0, MOST).map((topic) => ({ ...topic, public: topic.public !== false, bare: topic.bare ?? isBare(topic) }));
    this.#draw();
  }

  /** The topics as the server describes them; mode is missing while they are a guess. */
  get topics() { return this.#topics; }

  find(name) { return this.#topics.find((topic) => topic.name === name); }

  #visible() { return this.#topics.filter(({ name }) => name !== 'feeds').map(({ name }) => name).sort(byPlace); }
  #standard() { return this.#visible().filter((name) => !this.find(name).bare); }
  #known(type) { return this.find(topicOf(type)) !== undefined; }
  #chosen() { return state.type ? state.type.filter((type) => this.#known(type)) : this.#standard(); }

  /** The topics that are on, in the order of the page. */
  get names() { return [...new Set(this.#chosen().map(topicOf))].sort(byPlace); }

  /** The types that are on and that the server does not know. */
  get unknown() { return this.current && state.type ? state.type.filter((type) => !this.#known(type)) : []; }

  /** The types to read. */
  get types() {
    if (!state.type) return ['*'];
    const types = this.guessed ? [...state.type] : this.#chosen();
    return this.#known('feeds') ? [...types, 'feeds'] : types;
  }

  #switch(name, on) {
    const rest = this.#chosen().filter((type) => topicOf(type) !== name);
    const types = on ? [...rest, name].sort(byPlace) : rest;
    const standard = this.#topics.every((topic) => topic.public) && types.join() === this.#standard().join();
    go({ type: standard ? null : types });
  }

  /** Brings the chips up to the catalogue and the state. */
  #draw() {
    for (const [name, box] of this.#boxes) {
      if (this.#known(name)) continue;
      box.parentElement.remove();
      this.#boxes.delete(name);
    }
    this.#visible().forEach((name, i) => {
      if (!this.#boxes.has(name)) this.#boxes.set(name, this.#chip(name));
      const label = this.#boxes.get(name).parentElement;
      if (this.#root.children[i] !== label) this.#root.insertBefore(label, this.#root.children[i] ?? null);
    });
    this.update();
  }

  /** Brings the chips up to the state. */
  update() {
    const on = this.names;
    for (const [name, box] of this.#boxes) box.checked = on.includes(name);
  }

  #chip(name) {
    const label = make('label', 'chip');
    const box = label.appendChild(make('input'));
    box.type = 'checkbox';
    box.value = name;
    box.addEventListener('change', () => this.#switch(name, box.checked));
    label.append(make('span', '', title(name)));
    return box;
  }
}
