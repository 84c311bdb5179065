// Cards: the frame around the items of one topic.

import { Format } from './format.js';
import { format, t } from './page.js';
import { make, set, badge, stamp, tell } from './nodes.js';
import { STALE } from './items.js';
import { moment } from './store.js';
import { VIEWS, list } from './views.js';

/** What a topic is called on the page. */
export const title = (topic) => t.has(`topic.${topic}`) ? t(`topic.${topic}`) : topic.charAt(0).toUpperCase() + topic.slice(1).replace(/[_-]/g, ' ');

/** Topics whose card is large. */
export const large = (topic) => topic === 'news' || topic === 'weather' || topic === 'stock';

const UNKNOWN = { data: {}, at: null };
const newest = (items) => items.reduce((best, item) => (moment(item).ms > (moment(best).ms ?? -Infinity) ? item : best), UNKNOWN);

// What is of a time that nobody knows is not called old.
const isOld = (ms, now, limit) => ms !== null && now - ms > limit;

/** Card is the frame of one topic: its title, badges, age, and the view of its items. */
export class Card {
  #topic; #view; #body; #empty; #age; #simulated; #feed; #credit;

  constructor(topic, description = '') {
    this.#topic = topic;
    this.root = make('section', `card ${topic in VIEWS ? topic : 'generic'}`);
    this.root.dataset.topic = topic;
    const head = this.root.appendChild(make('header'));
    const heading = head.appendChild(make('h2', '', title(topic)));
    heading.id = `card-${topic}`;
    heading.title = Format.clip(description);
    this.root.setAttribute('aria-labelledby', heading.id);
    this.#simulated = badge(head, 'simulated', t('data.simulated'));
    this.#feed = badge(head, 'trouble');
    this.#age = head.appendChild(make('time', 'age newest'));
    this.#age.at = null;
    this.#body = this.root.appendChild(make('div', 'body'));
    this.#view = (VIEWS[topic] ?? list)(this.#body, title(topic));
    this.#empty = this.root.appendChild(make('p', 'empty'));
    this.#credit = this.root.appendChild(make('p', 'credit'));
  }

  /** Shows items; context is {now, ready, key, trouble}, key being the name of the topic's key field. */
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
    set(this.#empty, context.ready ? t('data.nothing') : t('data.waiting', { topic: t.has(`wait.${this.#topic}`) ? t(`wait.${this.#topic}`) : title(this.#topic) }));
    this.#empty.classList.toggle('waiting', !context.ready);
    this.#simulated.hidden = simulated === 0;
    set(this.#simulated, t(simulated === items.length ? 'data.simulated' : 'data.partly'));
    const credits = new Set(items.map((item) => item.data.attribution).filter((text) => typeof text === 'string' && text));
    set(this.#credit, [...credits].slice(0, 3).map((text) => Format.clip(text, 120)).join(' · '));
    stamp(this.#age, newest(items), context.now);
    this.tick(context);
  }

  /** Moves the ages on. Called once a second for what is on the page anyway. */
  tick({ now, trouble }) {
    const limit = (STALE[this.#topic] ?? Infinity) * 1000;
    const old = isOld(this.#age.at, now, limit);
    this.root.classList.toggle('stale', old);
    this.#feed.hidden = !trouble && !old;
    set(this.#feed, trouble || (old ? t('data.stale') : ''));
    for (const node of this.#body.querySelectorAll('time.age')) tell(node, now);
    if (old) set(this.#age, t('data.as_of', { time: format.asOf(this.#age.at, now) }));
    else tell(this.#age, now);
  }
}
