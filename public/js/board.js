// The board: one link, one store, one timer, one frame at a time; wires the parts in
// js/board together.
//
// For tests only, <html data-timing='{"tick":20}'> changes the times of TIMING in
// latest.js, page, the milliseconds between two looks at the clock, and dim, those
// without a link after which what is shown is dimmed.

import { Announcer } from './tape/announcer.js';
import { Alerts } from './board/alerts.js';
import { Card, large } from './board/cards.js';
import { Choice } from './board/choice.js';
import { History } from './board/history.js';
import { Inspector } from './board/inspector.js';
import { Panels } from './board/panels.js';
import { Pause } from './board/pause.js';
import { Preferences } from './board/preferences.js';
import { Flashes } from './board/prices.js';
import { has, mark, wordsOf } from './board/search.js';
import { Sources } from './board/sources.js';
import { go, state, watch, tellAddress } from './board/state.js';
import { Feeds } from './feeds.js';
import { Format } from './format.js';
import { Header } from './header.js';
import { icon } from './icons.js';
import { summary } from './items.js';
import { Latest } from './latest.js';
import { set } from './nodes.js';
import { addressProblem, format, keep, kept, settings, t } from './page.js';
import { Store, millis } from './store.js';
import { topicOf } from './stream.js';

const timing = { page: 1000, catalogue: 5000, dim: 5000, ...JSON.parse(document.documentElement.dataset.timing ?? '{}') };
const SAVE = 10; // ticks between two writes to storage
const ASK = 30; // ticks between two looks at the catalogue while offline
const FRESH = 3000; // ms that a headline is new
const SNAPSHOT = 'tickertape.snapshot';
const SEVERE = ['severe', 'extreme'];
const byId = (id) => document.getElementById(id);

for (const node of document.querySelectorAll('[data-text]')) node.textContent = t(node.dataset.text);
const header = new Header(byId('site'));
const feeds = new Feeds(byId('feeds'), byId('feedsum'), byId('feedlist'));
const choice = new Choice(byId('choice'));
const pause = new Pause(byId('pause'));
const prices = new History();
const flashes = new Flashes();
const inspector = new Inspector();
const alerts = new Alerts(byId('alerts'), () => read());
const announcer = new Announcer(byId('said'), byId('alarm'));
const sources = new Sources((source) => go({ source }));
const cards = new Map(); // topic -> Card
const dirty = new Set(); // topics to draw in the next frame
let frame = 0;
let learning = false;
let opened = []; // types that the link reads
let build = '';
let link = 'idle'; // state of the link
let downSince = 0; // steady clock when the link was last live
let lostAt = null; // server's time when the link was lost, or when the saved snapshot was shown
let restored = false; // what is shown comes from storage
let ready = false; // a snapshot has come
let snapshot = true; // what comes is the snapshot: not new to the reader
let problem = addressProblem(); // told until the reader has read it
let words = wordsOf(state.q);
let ticks = 0;
let unsaved = false;
let offset = Date.now() - performance.now(); // server's time less the steady clock

const now = () => offset + performance.now();
const sample = (ms) => ms - performance.now();

const store = new Store((topic) => {
  unsaved = true;
  if (!pause.on || topic === 'feeds') draw(topic);
});

const latest = new Latest({
  state: showState,
  time: (ms) => { offset = Math.max(offset, sample(ms)); }, // the quickest message is the nearest
  begin(how, data) {
    const ms = millis(data.time);
    if (ms !== null) offset = sample(ms);
    inspector.hear('stream', '', JSON.stringify(data), now());
    store.begin(how);
    snapshot = how !== 'resumed';
    if (Array.isArray(data.topics) && choice.guessed) {
      choice.guess(data.topics);
      arrange();
    }
    if (!choice.current || (build && data.build !== build)) learn();
    build = Format.clip(data.build ?? '', 40);
    set(byId('build'), build);
  },
  event: hear,
  retract(data, id) {
    inspector.hear('retract', id ?? '', JSON.stringify(data), now());
    if (!store.retract(data)) latest.refresh();
  },
  live(data) {
    inspector.hear('live', '', JSON.stringify(data), now());
    ready = true;
    restored = false;
    store.commit();
    if (snapshot) fillHistory();
    snapshot = false;
    drawAll();
    if (state.paused && !pause.on) holdNow();
  },
}, { timing, reload: (newer) => { byId('newer').hidden = !newer; } });

function hear(topic, text, id) {
  const item = store.put(topic, text, id, now());
  inspector.hear(topic, id, text, now());
  if (topic === 'stock') prices.add(item.key, millis(item.data.time) ?? now(), item.data.price);
  if (snapshot || topic === 'feeds') return;
  const { mode } = store.spec(topic);
  alerts.heard(topic, item, now());
  if (!cards.has(topic)) return;
  pause.count(topic, mode, item.key);
  const severe = SEVERE.includes(item.data.severity) ? t(`severity.${item.data.severity}`) : '';
  if (severe || (topic === 'news' && shows(topic, item))) announcer.add(state.announce, summary(item.data), severe);
}

function fillHistory() {
  if (!opened.some((type) => type === '*' || topicOf(type) === 'stock')) return;
  prices.fill('stock', now()).then(() => draw('stock'));
}

// --- topics

/** Opens the one stream for what is chosen. Less of the same goes on where it was. */
function read() {
  let types = choice.types;
  if (!types.includes('*')) types = [...new Set([...types, ...alerts.topics])];
  types.sort();
  if (types.join() === opened.join()) return;
  const less = ready && !restored && types.every((type) => opened.includes(type) || opened.includes('*'));
  opened = types;
  inspector.reads(types);
  store.prune((topic) => types.includes('*') || types.some((type) => topicOf(type) === topic));
  latest.open(types, { fresh: !less });
}

/** Makes the cards of the chosen topics, and removes the others. */
function arrange() {
  choice.update();
  alerts.offer(choice.topics.map(({ name }) => name));
  const { names } = choice;
  for (const [name, card] of cards) {
    if (names.includes(name) && card.fits(store.spec(name))) continue;
    card.root.remove();
    cards.delete(name);
  }
  for (const [area, part] of [['large', names.filter(large)], ['small', names.filter((name) => !large(name))]]) {
    part.forEach((name, i) => {
      if (!cards.has(name)) cards.set(name, newCard(name));
      const there = byId(area).children[i] ?? null;
      if (there !== cards.get(name).root) byId(area).insertBefore(cards.get(name).root, there);
      draw(name);
    });
    byId(area).hidden = part.length === 0;
  }
  byId('none').hidden = names.length > 0;
  showProblems();
}

function newCard(name) {
  const card = new Card(name, choice.find(name)?.description, store.spec(name));
  if (name === 'news') card.tools.append(sources.root);
  return card;
}

function showProblems() {
  const { unknown } = choice;
  const names = unknown.map((type) => `“${Format.clip(type, 64)}”`);
  const said = [problem, unknown.length > 0 ? t('address.topics', { n: unknown.length, names: format.list(names) }) : ''].filter(Boolean).join(' ');
  byId('notice').hidden = said === '';
  set(byId('noticetext'), said);
}

/** Reads the server's catalogue; without one the page goes on with what it knows. */
async function learn() {
  if (learning) return;
  learning = true;
  try {
    const answer = await fetch('/topics', { signal: AbortSignal.timeout(timing.catalogue), headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const { topics } = await answer.json();
    if (!Array.isArray(topics) || topics.length === 0) return;
    choice.learn(topics);
    store.describe(choice.topics);
    arrange();
    read();
  } catch { /* the link's state says that the server is away */ } finally {
    learning = false;
  }
}

// --- what is shown

// What is searched for concerns what there is much of: the one value of a topic stays.
function shows(topic, item) {
  const { mode, key } = store.spec(topic);
  return (state.simulated || item.data.simulated !== true) && ((mode === 'latest' && !key) || has(words, item))
    && (topic !== 'news' || !state.source || item.data.source === state.source);
}

function draw(topic) {
  dirty.add(topic);
  frame ||= requestAnimationFrame(drawDirty);
}

function drawAll() {
  for (const topic of cards.keys()) draw(topic);
  draw('feeds');
}

function drawDirty() {
  frame = 0;
  const topics = [...dirty];
  dirty.clear();
  for (const topic of topics) {
    try {
      if (topic === 'feeds') {
        feeds.update(store.list(topic));
        for (const [name, card] of cards) card.tick(context(name));
      }
      drawCard(topic);
    } catch (error) {
      reportError(error); // one card's trouble is not the others'
    }
  }
  mark(words, byId('main'));
}

function drawCard(topic) {
  const card = cards.get(topic);
  if (!card) return;
  const items = pause.items(topic, () => store.list(topic));
  if (topic === 'news') sources.update(items, state.source);
  card.update(items.filter((item) => shows(topic, item)), { ...context(topic), all: items.length });
}

function context(topic) {
  const time = now();
  return {
    now: time, ready, key: store.spec(topic).key, trouble: feeds.trouble(topic), hint: feeds.hint(topic), history: prices, flashes,
    fresh: (item) => item.at !== null && time - item.at < FRESH,
  };
}

function holdNow() {
  pause.hold(true);
  for (const topic of cards.keys()) pause.items(topic, () => store.list(topic));
}

function showState(name, silence) {
  if (link === 'live') downSince = performance.now();
  link = name;
  if (name === 'live') lostAt = null;
  else if (lostAt === null && ready) lostAt = now() - silence;
  document.documentElement.dataset.link = name;
  header.show(name, name === 'offline' ? t('link.offline', { time: format.hourMinute(ready ? lostAt : now() - silence) }) : t(`link.${name}`));
  showAge();
}

// What is shown is dimmed, with its age, when nobody vouches for it any more.
function showAge() {
  const long = performance.now() - downSince > timing.dim; // a link that comes back at once is no news
  const old = lostAt !== null && (restored || long || link === 'offline' || link === 'quiet');
  document.documentElement.classList.toggle('old', old);
  header.tell(old ? t('data.old', { time: format.asOf(lostAt, now()), age: format.age(now() - lostAt) }) : '');
}

// --- the reader's hand

watch((names) => {
  if (names.includes('type')) {
    arrange();
    read();
  }
  if (names.includes('paused')) {
    if (state.paused) holdNow();
    else pause.hold(false);
  }
  if (names.includes('q')) {
    words = wordsOf(state.q);
    if (byId('search').value !== state.q) byId('search').value = state.q;
  }
  drawAll();
});

byId('search').value = state.q;
byId('search').addEventListener('input', ({ target }) => go({ q: target.value.slice(0, 200) }));
byId('find').addEventListener('submit', (event) => event.preventDefault());
byId('noticeclose').addEventListener('click', () => {
  problem = '';
  const { unknown } = choice;
  if (unknown.length > 0) go({ type: state.type.filter((type) => !unknown.includes(type)) });
  showProblems();
  tellAddress();
});
byId('reload').addEventListener('click', () => location.reload());

for (const [id, name, key] of [['settings', 'settings', 'panel.settings'], ['stream', 'code', 'panel.stream'], ['alerts', 'bell', 'panel.alerts']]) {
  byId(id).prepend(icon(name));
  byId(id).title = t(key);
  if (id !== 'alerts') byId(id).setAttribute('aria-label', t(key));
}
byId('findicon').append(icon('search'));
byId('search').setAttribute('aria-label', t('board.search'));
byId('search').placeholder = t('board.search');
byId('noticeclose').append(icon('close'));
byId('noticeclose').setAttribute('aria-label', t('action.close'));
const panels = new Panels(byId('panel'));
panels.add('alerts', byId('alerts'), alerts);
panels.add('stream', byId('stream'), inspector);
panels.add('settings', byId('settings'), new Preferences());
panels.start();

// --- storage, timer, start

function save() {
  if (!unsaved || !ready) return;
  unsaved = false;
  const text = store.save(lostAt ?? now());
  if (text) keep(SNAPSHOT, text);
}

function restore() {
  if (choice.topics.some(({ mode }) => mode)) store.describe(choice.topics);
  arrange();
  const at = store.load(kept(SNAPSHOT) ?? '', now());
  restored = at !== null;
  lostAt = at;
}

function tick() {
  ticks++;
  store.sweep(now());
  if (ticks % SAVE === 0) save();
  if (ticks % ASK === 0 && link === 'offline') learn();
  alerts.tick(now());
  announcer.tick(state.announce, t, performance.now());
  if (document.hidden) return;
  showAge();
  if (ticks % SAVE === 0) drawAll(); // items grow stale without an event
  else for (const [topic, card] of cards) card.tick(context(topic));
}

if (settings.problems.length === 0) tellAddress();
restore();
showState('connecting', 0);
setInterval(tick, timing.page);
addEventListener('pagehide', save);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) save();
  else drawAll();
});
learn().finally(read);
