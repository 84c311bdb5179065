// The monitor: the machine on the topic system with its last minutes, and this service:
// feeds, topics, connections. The stream tells of machine and feeds; the counts of topics
// are asked for now and then, while somebody looks.

import { set } from './dom.js';
import { Header } from './header.js';
import { addressProblem, format, page, settings, t } from './page.js';
import { millis } from './store.js';
import { Source } from './tape/source.js';
import { Machine } from './monitor/machine.js';
import { SPAN } from './monitor/series.js';
import { Service } from './monitor/service.js';

const ASK = 5_000; // ms between two looks at the counts
const WAIT = 5_000; // ms for an answer
const PAST = `/latest?type=system&since=${SPAN / 60_000}m&limit=400`;
const byId = (id) => document.getElementById(id);

for (const node of document.querySelectorAll('[data-text]')) node.textContent = t(node.dataset.text);
document.title = `${t(`site.${page}`)} · tickertape`;
const header = new Header(byId('site'));
const machine = new Machine(byId('machine'));
const service = new Service({ feeds: byId('feeds'), topics: byId('topics'), feedSum: byId('feedsum'), topicSum: byId('topicsum'), totals: byId('totals') });
set(byId('noticetext'), addressProblem());
byId('notice').hidden = byId('noticetext').textContent === '';
byId('reload').addEventListener('click', () => location.reload());

let frame = 0;
let past = false; // what was before this page has been asked for
let asked = -Infinity;
const live = []; // readings that came while the past was on its way

const source = new Source({
  url: new URL('/latest', location.href).href,
  types: ['feeds', 'system'],
  share: settings.share ? 'auto' : 'off',
  reload: (newer) => { byId('newer').hidden = !newer; },
}, { changed, item: () => {}, state: showState });

function changed() {
  const [item] = source.list('system');
  if (item) {
    if (past) take(item);
    else live.push(item);
    live.splice(0, live.length - 10);
  }
  draw();
}

const take = ({ data, at }) => machine.add(data, millis(data.time) ?? at ?? source.now);

function draw() {
  if (document.hidden) return;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    machine.draw(source.now);
    service.draw(source.list('feeds'), source.now);
    set(byId('host'), machine.host);
  });
}

function showState() {
  const { link, lostAt } = source;
  header.show(link, link === 'offline' ? t('link.offline', { time: format.hourMinute(lostAt ?? source.now) }) : t(`link.${link}`),
    lostAt === null ? '' : t('data.old', { time: format.asOf(lostAt, source.now), age: format.age(source.now - lostAt) }));
  document.documentElement.dataset.link = link;
  document.documentElement.classList.toggle('stale', lostAt !== null);
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(WAIT) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function askPast() {
  try {
    const { events } = await ask(PAST);
    for (const { data, time } of events) machine.add(data, millis(data?.time) ?? millis(time));
  } catch { /* the lines begin with what comes live */ }
  past = true;
  live.splice(0).forEach(take);
  draw();
}

async function askCounts() {
  if (document.hidden || performance.now() - asked < ASK) return;
  asked = performance.now();
  try {
    service.learn(await ask('/topics'));
    draw();
  } catch { /* the link's state says that the server is away */ }
}

function tick() {
  source.sweep();
  showState();
  askCounts();
  draw(); // ages grow without an event
}

setInterval(tick, 1000);
document.addEventListener('visibilitychange', tick);
showState();
askPast();
askCounts();
