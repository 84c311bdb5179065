// This service: its feeds with what ails them, its topics with their rates, and how
// many read.

import { Format, MISSING } from '../format.js';
import { make, set, Rows } from '../dom.js';
import { format, t } from '../page.js';
import { millis } from '../store.js';

const FINE = ['running', 'starting'];
const stateWord = (state) => (t.has(`feed.${state}`) ? t(`feed.${state}`) : Format.clip(state ?? '', 20) || t('feed.unknown'));
const list = (value) => (Array.isArray(value) ? value : []);

function table(parent, columns, makeRow) {
  const node = parent.appendChild(make('table', 'table'));
  const head = node.appendChild(make('thead')).appendChild(make('tr'));
  for (const [name, className = ''] of columns) {
    const cell = head.appendChild(make('th', className, t(`monitor.${name}`)));
    cell.scope = 'col';
  }
  return new Rows(node.appendChild(make('tbody')), makeRow);
}

/** When something is, as an age, with the moment as its title. */
function moment(cell, ms, now) {
  set(cell, ms === null ? MISSING : ms > now ? t('monitor.due', { time: format.duration((ms - now) / 1000) }) : format.age(now - ms));
  cell.title = ms === null ? '' : format.full(ms);
}

function feed() {
  const node = make('tr', 'feed');
  const name = node.appendChild(make('th'));
  name.scope = 'row';
  const whole = name.appendChild(make('div', 'name'));
  const lamp = whole.appendChild(make('span', 'lamp'));
  const words = whole.appendChild(make('span', 'names'));
  const id = words.appendChild(make('bdi', 'symbol'));
  const kind = words.appendChild(make('span', 'meta'));
  const state = node.appendChild(make('td'));
  const badge = state.appendChild(make('span', 'badge'));
  const simulated = state.appendChild(make('span', 'badge', t('data.simulated')));
  const last = node.appendChild(make('td', 'time'));
  const events = node.appendChild(make('td', 'figure-cell'));
  const restarts = node.appendChild(make('td', 'figure-cell'));
  const told = node.appendChild(make('td', 'told'));
  const error = told.appendChild(make('p', 'error'));
  const hint = told.appendChild(make('p', 'meta'));
  return {
    node,
    update({ data }, { now }) {
      const fine = FINE.includes(data.state);
      lamp.dataset.state = fine ? 'good' : data.state === 'stopped' ? 'off' : 'bad';
      set(id, Format.clip(data.id, 64));
      set(kind, Format.clip(`${data.kind ?? ''} → ${list(data.topics).join(', ')}`, 80));
      set(badge, stateWord(data.state));
      badge.classList.toggle('trouble', !fine);
      badge.classList.toggle('good', data.state === 'running');
      badge.title = millis(data.since) === null ? '' : t('monitor.since', { time: format.full(millis(data.since)) });
      simulated.hidden = data.simulated !== true;
      moment(last, millis(data.last_event), now);
      set(events, format.number(data.events));
      set(restarts, format.number(data.restarts));
      const recent = millis(data.last_error_time);
      error.hidden = !data.last_error;
      error.classList.toggle('past', fine); // it has gone on since
      set(error, data.last_error ? `${Format.clip(data.last_error, 240)}${recent === null ? '' : ` (${format.age(now - recent)})`}` : '');
      set(hint, Format.clip((fine ? data.detail : data.hint) ?? data.detail ?? '', 240));
    },
  };
}

function topic() {
  const node = make('tr');
  const name = node.appendChild(make('th'));
  name.scope = 'row';
  const id = name.appendChild(make('a', 'symbol'));
  const about = name.appendChild(make('span', 'meta about'));
  const cells = [0, 1, 2, 3].map(() => node.appendChild(make('td', 'figure-cell')));
  const last = node.appendChild(make('td', 'time'));
  return {
    node,
    update({ data }, { now }) {
      set(id, Format.clip(data.name, 64));
      const href = `/?type=${encodeURIComponent(data.name)}`;
      if (id.getAttribute('href') !== href) id.href = href;
      set(about, Format.clip(data.description ?? '', 120));
      const words = [format.number(data.rate, 2), format.number(data.events), format.number(data.values), format.number(data.subscribers)];
      cells.forEach((cell, i) => set(cell, words[i]));
      moment(last, millis(data.last_event), now);
    },
  };
}

export class Service {
  #feeds; #topics; #feedSum; #topicSum; #totals;
  #known = { topics: [], streams: null };

  /** Fills the places for feeds, topics and their sums. */
  constructor({ feeds, topics, feedSum, topicSum, totals }) {
    feeds.setAttribute('aria-label', t('topic.feeds'));
    topics.setAttribute('aria-label', t('monitor.topics'));
    this.#feeds = table(feeds, [['feed'], ['state'], ['last'], ['events', 'figure-cell'], ['restarts', 'figure-cell'], ['told']], feed);
    this.#topics = table(topics, [['topic'], ['rate', 'figure-cell'], ['events', 'figure-cell'], ['values', 'figure-cell'], ['readers', 'figure-cell'], ['last']], topic);
    this.#feedSum = feedSum;
    this.#topicSum = topicSum;
    this.#totals = totals;
  }

  /** Takes an answer of GET /topics. */
  learn({ topics, streams }) {
    this.#known = { topics: list(topics).filter(({ name }) => typeof name === 'string'), streams: Number.isFinite(streams) ? streams : null };
  }

  /** Draws; feeds are the items of the topic feeds, now is the server's time. */
  draw(feeds, now) {
    const bad = feeds.filter(({ data }) => !FINE.includes(data.state));
    const order = [...bad, ...feeds.filter((item) => !bad.includes(item))]; // what needs somebody stands first
    this.#feeds.update(order, { now });
    set(this.#feedSum, bad.length > 0 ? t('monitor.trouble', { n: bad.length }) : t('monitor.fine', { n: feeds.length }));
    const { topics, streams } = this.#known;
    this.#topics.update(topics.map((data) => ({ key: data.name, data })), { now });
    const rate = topics.reduce((all, { rate: one }) => all + (Number(one) || 0), 0);
    set(this.#topicSum, t('monitor.rate_all', { rate: format.number(rate, 1) }));
    set(this.#totals, streams === null ? '' : t('monitor.streams', { n: streams }));
  }
}
