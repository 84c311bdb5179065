// The page: the choice of topics, one timer, one frame at a time; wires link,
// store and cards.
//
// For tests only, <html data-timing='{"tick":20}'> changes the times of TIMING in
// latest.js, page, the milliseconds between two looks at the clock, and dim, those
// without a link after which what is shown is dimmed.

import { Latest } from './latest.js';
import { Store, millis } from './store.js';
import { Card, large, title } from './cards.js';
import { Feeds } from './feeds.js';
import { make, set } from './nodes.js';
import { Format } from './format.js';
import { Header } from './header.js';
import { addressProblem, format, keep, kept, settings, t } from './page.js';

const timing = { page: 1000, catalogue: 5000, dim: 5000, ...JSON.parse(document.documentElement.dataset.timing ?? '{}') };
const SAVE = 10; // ticks between two writes to storage
const ASK = 30; // ticks between two looks at the catalogue while offline
const ORDER = ['news', 'stock', 'weather', 'clock', 'system', 'random'];
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const place = (name) => (ORDER.indexOf(name) + 1 || ORDER.length + 1);
const byPlace = (a, b) => place(a) - place(b) || a.localeCompare(b);
const byId = (id) => document.getElementById(id);
const topicOf = (type) => type.split('.')[0];

const header = new Header(byId('site'));
const cards = new Map(); // topic -> Card
const feeds = new Feeds(byId('feeds'), byId('feedsum'), byId('feedlist'));
const boxes = new Map(); // topic -> checkbox
const dirty = new Set(); // topics to draw in the next frame
let frame = 0;
let catalogue = []; // topics that can be chosen
let guessed = true; // the catalogue is a guess, so that the first paint has its cards
let current = false; // the catalogue is this server's own
let learning = false;
let feedsTopic = false; // the server tells the state of its feeds
let choice = settings.type; // types, or null for the standard: all on which anybody prints
let opened = []; // types that the link reads
let build = '';
let state = 'idle';
let downSince = 0; // steady clock when the link was last live
let lostAt = null; // server's time when the link was lost, or when the saved snapshot was shown
let restored = false; // what is shown comes from storage
let ready = false; // a snapshot has come
let ticks = 0;
let unsaved = false;
let offset = Date.now() - performance.now(); // server's time less the steady clock

const now = () => offset + performance.now();
const sample = (ms) => ms - performance.now();

const store = new Store((topic) => {
  unsaved = true;
  draw(topic);
});

const link = new Latest({
  state: showState,
  time: (ms) => { offset = Math.max(offset, sample(ms)); }, // the quickest message is the nearest
  begin(how, data) {
    const ms = millis(data.time);
    if (ms !== null) offset = sample(ms);
    store.begin(how);
    if (guessed && Array.isArray(data.topics)) offer(data.topics.map((topic) => ({ name: topicOf(String(topic)) })));
    if (!current || (build && data.build !== build)) learn();
    build = data.build ?? '';
  },
  event: (topic, text, id) => store.put(topic, text, id, now()),
  retract(data) { if (!store.retract(data)) link.refresh(); },
  live() {
    ready = true;
    restored = false;
    store.commit();
    drawAll();
  },
}, { timing });

// --- choice and catalogue

const visible = () => catalogue.filter(({ name }) => name !== 'feeds').map(({ name }) => name).sort(byPlace);
const known = (type) => catalogue.some(({ name }) => name === topicOf(type));
const bare = (name) => catalogue.some((topic) => topic.name === name && topic.bare);
const standard = () => visible().filter((name) => !bare(name));
const chosen = () => (choice ? choice.filter(known) : standard());

function choose(name, on) {
  const rest = chosen().filter((type) => topicOf(type) !== name);
  choice = on ? [...rest, name].sort(byPlace) : rest;
  if (catalogue.every((topic) => topic.public) && choice.join() === standard().join()) choice = null;
  const url = new URL(location.href);
  if (choice) url.searchParams.set('type', choice.join(','));
  else url.searchParams.delete('type');
  history.replaceState(null, '', url.href.replaceAll('%2C', ','));
  arrange();
  read();
}

/** Opens the one stream for what is chosen. Less of the same goes on where it was. */
function read() {
  let types = choice ? chosen() : ['*'];
  if (choice && guessed) types = [...choice];
  if (choice && feedsTopic) types = [...types, 'feeds'];
  types.sort();
  if (types.join() === opened.join()) return;
  const less = ready && !restored && types.every((type) => opened.includes(type) || opened.includes('*'));
  opened = types;
  store.prune((topic) => types.includes('*') || types.some((type) => topicOf(type) === topic));
  link.open(types, { fresh: !less });
}

// Nobody prints on it, and nobody has: its card would be blank.
const isBare = ({ feeds: printers, values }) => Array.isArray(printers) && printers.length === 0 && values === 0;

/** Takes a catalogue: chips and cards follow. */
function offer(topics) {
  const asked = (name) => choice?.some((type) => topicOf(type) === name); // by name, what is not public is read too
  catalogue = topics.filter((topic) => NAME.test(topic?.name) && !topic.retired && (topic.public !== false || asked(topic.name)))
    .slice(0, 100).map((topic) => ({ ...topic, public: topic.public !== false, bare: topic.bare ?? isBare(topic) }));
  feedsTopic = known('feeds');
  if (catalogue.some(({ mode }) => mode)) store.describe(catalogue);
  for (const [name, box] of boxes) {
    if (known(name)) continue;
    box.parentElement.remove();
    boxes.delete(name);
  }
  visible().forEach((name, i) => {
    if (!boxes.has(name)) boxes.set(name, chip(name));
    const label = boxes.get(name).parentElement;
    if (byId('choice').children[i] !== label) byId('choice').insertBefore(label, byId('choice').children[i] ?? null);
  });
  arrange();
}

function chip(name) {
  const label = make('label', 'chip');
  const box = label.appendChild(make('input'));
  box.type = 'checkbox';
  box.value = name;
  box.addEventListener('change', () => choose(name, box.checked));
  label.append(make('span', '', title(name)));
  return box;
}

/** Makes the cards of the chosen topics, and removes the others. */
function arrange() {
  const names = [...new Set(chosen().map(topicOf))].sort(byPlace);
  for (const [name, card] of cards) {
    if (names.includes(name)) continue;
    card.root.remove();
    cards.delete(name);
  }
  for (const [name, box] of boxes) box.checked = names.includes(name);
  for (const [area, part] of [['large', names.filter(large)], ['small', names.filter((name) => !large(name))]]) {
    part.forEach((name, i) => {
      if (!cards.has(name)) cards.set(name, new Card(name, catalogue.find((topic) => topic.name === name)?.description));
      const there = byId(area).children[i] ?? null;
      if (there !== cards.get(name).root) byId(area).insertBefore(cards.get(name).root, there);
      draw(name);
    });
    byId(area).hidden = part.length === 0;
  }
  byId('none').hidden = names.length > 0;
  const unknown = current && choice ? choice.filter((type) => !known(type)) : [];
  const names404 = unknown.map((type) => `“${Format.clip(type, 64)}”`);
  const words = [addressProblem(), unknown.length > 0 ? t('address.topics', { n: unknown.length, names: format.list(names404) }) : ''].filter(Boolean).join(' ');
  byId('notice').hidden = words === '';
  set(byId('notice'), words);
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
    current = true;
    guessed = false;
    offer(topics);
    keep('tickertape.catalogue', JSON.stringify(catalogue.map(({ name, description, mode, key, bare }) => ({ name, description, mode, key, bare }))));
    read();
  } catch { /* the link's state says that the server is away */ } finally {
    learning = false;
  }
}

// --- what is shown

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
      cards.get(topic)?.update(store.list(topic), context(topic));
    } catch (error) {
      reportError(error); // one card's trouble is not the others'
    }
  }
}

const context = (topic) => ({ now: now(), ready, key: store.spec(topic).key, trouble: feeds.trouble(topic) });

function showState(name, silence) {
  if (state === 'live') downSince = performance.now();
  state = name;
  if (name === 'live') lostAt = null;
  else if (lostAt === null && ready) lostAt = now() - silence;
  document.documentElement.dataset.link = name;
  header.show(name, name === 'offline' ? t('link.offline', { time: format.hourMinute(ready ? lostAt : now() - silence) }) : t(`link.${name}`));
  showAge();
}

// What is shown is dimmed, with its age, when nobody vouches for it any more.
function showAge() {
  const long = performance.now() - downSince > timing.dim; // a link that comes back at once is no news
  const old = lostAt !== null && (restored || long || state === 'offline' || state === 'quiet');
  document.documentElement.classList.toggle('old', old);
  header.tell(old ? t('data.old', { time: format.asOf(lostAt, now()), age: format.age(now() - lostAt) }) : '');
}

// --- storage, timer, start

function save() {
  if (!unsaved || !ready) return;
  unsaved = false;
  const text = store.save(lostAt ?? now());
  if (text) keep('tickertape.snapshot', text);
}

function restore() {
  offer((choice ?? ORDER).map((type) => ({ name: topicOf(type) })));
  try {
    const topics = JSON.parse(kept('tickertape.catalogue') ?? '[]');
    if (Array.isArray(topics) && topics.length > 0) {
      guessed = false;
      offer(topics);
    }
  } catch { /* written by another version */ }
  const at = store.load(kept('tickertape.snapshot') ?? '', now());
  restored = at !== null;
  lostAt = at;
}

function tick() {
  ticks++;
  store.sweep(now());
  if (ticks % SAVE === 0) save();
  if (ticks % ASK === 0 && state === 'offline') learn();
  if (document.hidden) return;
  showAge();
  if (ticks % SAVE === 0) drawAll(); // items grow stale without an event
  else for (const [topic, card] of cards) card.tick(context(topic));
}

restore();
showState('connecting', 0);
setInterval(tick, timing.page);
addEventListener('online', () => link.wake({ force: true }));
addEventListener('pageshow', () => link.wake());
addEventListener('pagehide', () => { save(); link.pause(); });
document.addEventListener('resume', () => link.wake());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) save();
  else {
    link.wake();
    drawAll();
  }
});
learn().finally(read);
