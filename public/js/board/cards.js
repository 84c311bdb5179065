// Cards: the frame around the items of one topic.

import { Format } from '../format.js';
import { STALE, credits } from '../items.js';
import { badge, make, set, stamp, tell } from '../nodes.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';
import { title } from '../topics.js';
import { hasView, viewOf } from './views.js';

/** Topics whose card is large. */
export const large = (topic) => topic === 'news' || topic === 'weather' || topic === 'stock';

const UNKNOWN = { data: {}, at: null };
const newest = (items) => items.reduce((best, item) => (moment(item).ms > (moment(best).ms ?? -Infinity) ? item : best), UNKNOWN);

// What is of a time that nobody knows is not called old.
const isOld = (ms, now, limit) => ms !== null && now - ms > limit;

/** Card is the frame of one topic: its title, badges, age, and the view of its items. */
export class Card {
  #topic; #spec; #view; #body; #empty; #age; #simulated; #feed; #credit;
  /** Sources that what is shown is owed to. */
  credits = [];

  /** spec is {mode, key} of the topic. */
  constructor(topic, description, spec) {
    this.#topic = topic;
    this.root = make('section', `card ${hasView(topic) ? topic : 'generic'}`);
    this.root.dataset.topic = topic;
    const head = this.root.appendChild(make('header'));
    const heading = head.appendChild(make('h2', '', title(topic)));
    heading.id = `card-${topic}`;
    heading.title = Format.clip(description ?? '');
    this.root.setAttribute('aria-labelledby', heading.id);
    this.#simulated = badge(head, 'simulated', t('data.simulated'));
    this.#feed = badge(head, 'trouble');
    /** Where the controls of this card go. */
    this.tools = head.appendChild(make('div', 'tools'));
    this.#age = head.appendChild(make('time', 'age newest'));
    this.#age.at = null;
    this.#body = this.root.appendChild(make('div', 'body'));
    this.#spec = spec;
    this.#view = viewOf(topic, this.#body, title(topic), spec);
    this.#empty = this.root.appendChild(make('p', 'empty'));
    this.#credit = this.root.appendChild(make('p', 'credit'));
  }

  /** Whether it was made for a topic that works like this. */
  fits({ mode, key }) { return this.#spec.mode === mode && this.#spec.key === key; }

  /**
   * Shows items. context is {now, ready, key, trouble, hint, all}: key is the name of the
   * topic's key field, all how many items there are with those that are filtered out.
   */
  update(items, context) {
    const simulated = items.filter((item) => item.data.simulated === true).length;
    const limit = (STALE[this.#topic] ?? Infinity) * 1000;
    this.#view.update(items, {
      ...context,
      allSimulated: simulated === items.length,
      old: (item) => isOld(moment(item).ms, context.now, limit),
    });
    this.#body.hidden = items.length === 0;
    this.#empty.hidden = items.length > 0;
    set(this.#empty, this.#nothing(context));
    this.#empty.classList.toggle('waiting', !context.ready);
    this.#simulated.hidden = simulated === 0;
    set(this.#simulated, t(simulated === items.length ? 'data.simulated' : 'data.partly'));
    this.credits = credits(items);
    set(this.#credit, this.credits.join(' · '));
    stamp(this.#age, newest(items), context.now);
    this.tick(context);
  }

  #nothing({ ready, all }) {
    if (all > 0) return t('board.filtered');
    if (ready) return t('data.nothing');
    return t('data.waiting', { topic: t.has(`wait.${this.#topic}`) ? t(`wait.${this.#topic}`) : title(this.#topic) });
  }

  /** Moves the ages on. Called once a second for what is on the page anyway. */
  tick({ now, trouble, hint }) {
    const limit = (STALE[this.#topic] ?? Infinity) * 1000;
    const old = isOld(this.#age.at, now, limit);
    this.root.classList.toggle('stale', old);
    this.#feed.hidden = !trouble && !old;
    set(this.#feed, trouble || (old ? t('data.stale') : ''));
    if (this.#feed.title !== hint) this.#feed.title = hint;
    for (const node of this.#body.querySelectorAll('time.age')) tell(node, now);
    if (old) set(this.#age, t('data.as_of', { time: format.asOf(this.#age.at, now) }));
    else tell(this.#age, now);
  }
}
