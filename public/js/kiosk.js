// The display: one source, one timer; wires the parts in js/kiosk together. The address
// is its whole configuration, see docs/kiosk.md.
//
// For tests only, <html data-timing='{"tick":20}'> changes the times of TIMING in
// latest.js and those below, in ms.

import { Announcer } from './tape/announcer.js';
import { credited, isOld } from './tape/row.js';
import { Source } from './tape/source.js';
import { Controls } from './kiosk/controls.js';
import { Diagnostics } from './kiosk/diagnostics.js';
import { dataWords, linkWords } from './kiosk/freshness.js';
import { Flip, List } from './kiosk/headlines.js';
import { Slots } from './kiosk/layout.js';
import { titleOf } from './kiosk/names.js';
import { Renewal, isDark, place } from './kiosk/night.js';
import { Lines } from './kiosk/panel.js';
import { city, line, price } from './kiosk/rows.js';
import { Snapshots } from './kiosk/snapshots.js';
import { Strip } from './kiosk/strip.js';
import { Takeover } from './kiosk/takeover.js';
import { Wake } from './kiosk/wake.js';
import { set } from './nodes.js';
import { addressProblem, format, page, settings, t } from './page.js';
import { summary } from './items.js';

const timing = {
  page: 250, // between two looks at all of it
  idle: 3000, // until pointer and buttons vanish
  hold: 20_000, // that something takes over
  rest: 60_000, // after three in a row
  paused: 300_000, // until a display that somebody stopped goes on
  notice: 20_000, // that a warning is shown
  save: 10_000, // between two writes to storage
  check: 30_000, // between two looks at the catalogue while something is missing
  ...JSON.parse(document.documentElement.dataset.timing ?? '{}'),
};
const DROP = 3; // times its topic's age after which a value is shown no more
const PACE = 4.5; // of the tape, in rem a second
const ASIDE = new Set(['chat', 'random', 'system']); // shown when they are asked for
const NEVER = new Set(['clock', 'feeds']); // the display has a clock; feeds only when asked for
const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const { layout } = settings;
const asked = new URLSearchParams(location.search).has('type');
const types = settings.type ? [...new Set([...settings.type, 'feeds'])] : ['*'];
const calm = matchMedia('(prefers-reduced-motion: reduce)');

root.dataset.layout = layout;
root.dataset.kiosk = settings.kiosk ? 'on' : 'off';
root.style.setProperty('--zoom', String(settings.zoom));
document.title = [settings.screen, t(`site.${page}`), 'tickertape'].filter(Boolean).join(' · ');
set(byId('name'), document.title);
set(byId('paused'), t('kiosk.paused'));

const wake = settings.kiosk ? new Wake() : { state: 'off' };
const snapshots = new Snapshots(types);
const announcer = new Announcer(byId('said'), byId('alarm'));
const renewal = new Renewal();
const slots = new Slots(byId('slots'), layout);
const strip = new Strip(byId('tape'), layout === 'ticker');
const panels = new Map(); // topic -> panel
let missing = []; // topics that the server has not
let noticed = ''; // the warning that is shown
let noticeUntil = 0; // by the steady clock
let dirty = true;
let arranged = ''; // the topics that have panels
let pausedAt = null; // by the steady clock
let turnAt = performance.now() + 1000 * settings.dwell;
let turns = 0;
let second = 0; // of the server's time, that is shown
let savedAt = performance.now();
let checkedAt = performance.now();

const query = settings.screen ? `?${new URLSearchParams({ screen: settings.screen })}` : '';
const source = new Source({
  url: new URL(`/latest${query}`, location.href).href, types, share: settings.share ? 'auto' : 'off', reload: true, timing,
}, {
  changed() { dirty = true; },
  item: came,
  state() { dirty = true; },
  missing(names) {
    missing = names.filter((name) => name !== 'feeds');
    warn();
  },
});
const began = source.now;
const diagnostics = new Diagnostics(byId('diagnostics'), source, wake);
const takeover = new Takeover(byId('takeover'), timing, {
  find: (topic, key) => source.list(topic).find((item) => item.key === key) ?? null,
  context,
  begun(title, alert) {
    root.dataset.takeover = 'on';
    announcer.add('summary', title, alert);
  },
  ended() {
    root.dataset.takeover = 'off';
    dirty = true;
  },
});
const controls = new Controls(byId('controls'), {
  toggle: () => pause(pausedAt === null),
  step: turn,
  diagnostics: () => diagnostics.toggle(),
  escape() {
    diagnostics.toggle(false);
    takeover.dismiss(performance.now());
  },
}, { kiosk: settings.kiosk, idle: timing.idle });

// --- what is shown

function topics() {
  return source.topics.filter((topic) => (settings.type ? settings.type.some((type) => type.split('.')[0] === topic) : !(topic === 'feeds' || (!asked && ASIDE.has(topic)))))
    .filter((topic) => !missing.includes(topic) && !(NEVER.has(topic) && !(topic === 'feeds' && settings.type)));
}

/** The items of a topic that are still current, newest first or by key. */
const current = (topic) => source.list(topic).filter((item) => !isOld({ topic, item }, source.now, DROP)).slice(0, settings.max);

/** Whether a topic belongs on the tape, in this layout. */
function onTape(topic) {
  if (layout === 'wall') return false;
  if (layout === 'ticker') return true;
  if (layout === 'lower-third') return topic !== 'news';
  return topic === 'stock';
}

function context() {
  return {
    format,
    t,
    now: source.now,
    calm: calm.matches,
    spec: (topic) => source.spec(topic),
    key: (topic) => source.spec(topic).key,
    none: (topic) => (source.ready || source.list(topic).length > 0 ? t(source.list(topic).length > 0 ? 'kiosk.none' : 'data.nothing') : t('data.waiting', { topic: titleOf(topic) })),
    label: t('kiosk.tape'),
    dwell: settings.dwell,
    speed: PACE * parseFloat(getComputedStyle(root).fontSize),
    rtl: root.dir === 'rtl',
  };
}

function panelOf(topic) {
  if (topic === 'news') return settings.mode === 'flip' || layout === 'lower-third' ? new Flip(topic, titleOf(topic)) : new List(topic, titleOf(topic), settings.mode === 'scroll');
  if (topic === 'weather') return new Lines(topic, titleOf(topic), city);
  if (topic === 'stock') return new Lines(topic, titleOf(topic), price);
  return new Lines(topic, titleOf(topic), line(topic));
}

/** Gives every topic that is shown its place. Without headlines and panels the tape alone is left. */
function arrange(all) {
  const order = ['news', 'weather', 'stock'];
  const place = (topic) => (order.includes(topic) ? order.indexOf(topic) : order.length);
  const wanted = all.filter((topic) => layout !== 'ticker' && (!onTape(topic) || (layout === 'split' && all.length === 1)));
  wanted.sort((a, b) => place(a) - place(b));
  if (arranged === wanted.join()) return;
  arranged = wanted.join();
  for (const topic of panels.keys()) if (!wanted.includes(topic)) panels.delete(topic);
  for (const topic of wanted) if (!panels.has(topic)) panels.set(topic, panelOf(topic));
  const list = wanted.map((topic) => panels.get(topic));
  for (const panel of list) panel.update(current(panel.topic), context());
  slots.arrange(list);
}

function draw() {
  const all = topics();
  const now = context();
  arrange(all);
  for (const [topic, panel] of panels) panel.update(current(topic), now);
  const tapes = all.filter((topic) => onTape(topic) && !panels.has(topic));
  const entries = tapes.flatMap((topic) => {
    const lasting = source.spec(topic).mode === 'latest';
    return current(topic).map((item) => ({ key: `${topic} ${item.key}`, topic, item, lasting }));
  });
  strip.update(tapeMode(), credited(entries), now, source.lostAt !== null);
  const empty = entries.length === 0 && all.every((topic) => current(topic).length === 0);
  root.dataset.empty = empty ? 'yes' : 'no';
  root.dataset.tape = entries.length > 0 ? 'yes' : 'no';
  diagnostics.feeds.update(source.list('feeds'));
}

function tapeMode() {
  if (calm.matches || settings.mode === 'list') return 'still';
  return layout === 'ticker' && settings.mode === 'flip' ? 'flip' : 'crawl';
}

/** The words that stand still: clock, link, data. */
function tell() {
  const { now } = source;
  const time = byId('time');
  set(time, format.hourMinute(now));
  time.dateTime = new Date(now).toISOString().slice(0, 16);
  time.dataset.long = time.textContent.length > 5 ? 'yes' : 'no'; // 02:24 PM
  const zone = settings.tz ? ` · ${format.zone.split('/').at(-1).replaceAll('_', ' ')}` : '';
  set(byId('day'), `${format.day(now)}${zone}`);
  const link = linkWords(source, began);
  const data = dataWords(source, topics(), diagnostics.feeds);
  say('link', link);
  say('data', data);
  byId('paused').hidden = pausedAt === null;
  root.dataset.link = source.link;
  root.classList.toggle('old', source.lostAt !== null);
  root.dataset.dim = isDark(now) ? 'on' : 'off';
  byId('stage').style.translate = place(now);
}

function say(id, words) {
  const node = byId(id);
  node.hidden = words === '';
  set(node, words);
}

// --- what moves

const still = () => pausedAt !== null || document.hidden || takeover.on;
const runTape = () => strip.run(pausedAt === null && !document.hidden); // below what takes over it goes on

function pause(on) {
  pausedAt = on ? performance.now() : null;
  if (!on) turnAt = performance.now() + 1000 * settings.dwell;
  controls.update(on);
  runTape();
  tell();
}

/** Goes on by one, or with -1 back. */
function turn(by) {
  turnAt = performance.now() + 1000 * settings.dwell;
  turns++;
  for (const panel of panels.values()) if (panel.restart) panel.step(by, true);
  slots.turn(by);
  if (tapeMode() !== 'crawl') strip.step(by);
}

function timeTurn(steady) {
  if (still() || steady < turnAt) return;
  turnAt = steady + 1000 * settings.dwell;
  turns++;
  for (const panel of panels.values()) if (panel.restart) panel.step(1);
  if (turns % 2 === 0) slots.turn(1); // what is read at a glance stays as long as two headlines
  if (strip.still) strip.step(1);
}

function came(topic, item) {
  if (!topics().includes(topic)) return; // on a topic that is not shown anybody may write
  takeover.add(topic, item, true, source.now);
  if (topic === 'news') announcer.add('summary', summary(item.data), '');
}

/** What stood already when the display began, or came back. */
function lookForAlerts() {
  if (!source.ready) return;
  for (const topic of topics()) for (const item of source.list(topic)) takeover.add(topic, item, false, source.now);
}

// --- what is wrong with the address

function warn() {
  const words = [addressProblem(), missing.length > 0 ? t('address.topics', { n: missing.length, names: missing.map((name) => `“${name}”`).join(', ') }) : ''].filter(Boolean).join(' ');
  if (words === noticed) return;
  noticed = words;
  noticeUntil = performance.now() + timing.notice;
  byId('notice').hidden = words === '';
  set(byId('notice').firstChild, words);
}

// --- time

function tick() {
  const steady = performance.now();
  source.sweep();
  takeover.tick(steady);
  renewal.tick(source.now);
  const now = Math.floor(source.now / 1000);
  if (!document.hidden && (dirty || now !== second)) {
    if (dirty) lookForAlerts();
    dirty = false;
    second = now;
    draw();
    tell();
    diagnostics.tick();
    announcer.tick('summary', t, steady);
  }
  timeTurn(steady);
  runTape();
  controls.tick(steady);
  if (pausedAt !== null && steady - pausedAt > timing.paused) pause(false);
  if (steady > noticeUntil) byId('notice').hidden = true;
  if (steady - savedAt > timing.save) {
    savedAt = steady;
    const text = source.save();
    if (text !== null) snapshots.write(text);
  }
  if (steady - checkedAt > timing.check) {
    checkedAt = steady;
    if (missing.length > 0 || source.link !== 'live') source.check();
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  dirty = true;
  tick();
  for (const panel of panels.values()) panel.restart?.(); // with what is newest
  strip.restart();
  turnAt = performance.now() + 1000 * settings.dwell;
});
addEventListener('resize', () => takeover.measure());
addEventListener('pagehide', () => {
  const text = source.save();
  if (text !== null) snapshots.write(text);
});

const saved = snapshots.read();
if (saved !== null) source.restore(saved);
controls.update(false);
warn();
if (settings.debug) diagnostics.toggle(true);
tick();
setInterval(tick, timing.page);
