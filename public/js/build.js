// The builder: an address for a display, or the lines that put the tape on a page, with
// a preview. It wires its parts; state.js holds what is chosen.

import { Form } from './build/form.js';
import { Preview } from './build/preview.js';
import { Result } from './build/result.js';
import { Server } from './build/server.js';
import { state, unknown, watch } from './build/state.js';
import { composed } from './build/targets.js';
import { verdict } from './build/verdict.js';
import { Header } from './header.js';
import { set } from './dom.js';
import { addressProblem, format, page, settings, t } from './page.js';
import { Source } from './tape/source.js';

const SERIOUS = ['bad', 'file', 'mixed', 'refused']; // what is told at the field of the page
const byId = (id) => document.getElementById(id);

for (const node of document.querySelectorAll('[data-text]')) node.textContent = t(node.dataset.text);
document.title = `${t(`site.${page}`)} · tickertape`;
const header = new Header(byId('site'));
set(byId('noticetext'), [addressProblem(), ...unknown.slice(0, 5).map((name) => t('build.unknown', { name: name.slice(0, 80) }))].filter(Boolean).join(' '));
byId('notice').hidden = byId('noticetext').textContent === '';

const server = new Server(() => {
  form.learn();
  show();
});
const form = new Form(byId('form'), server);
const preview = new Preview(byId('stage'), byId('views'));
const result = new Result(server);

function show() {
  const pairs = composed(state.make, state.texts);
  const found = verdict(state.site, location.origin, server.origins);
  const told = state.make !== 'kiosk' && SERIOUS.includes(found.state);
  form.tell(told ? t(`build.site.${found.state}`, { origin: found.origin }) : '');
  preview.show(pairs);
  result.show(pairs, found);
}

// The link is there to say whether the server is, and to ask it again when it has come
// back, perhaps with other origins.
let source = null; // which speaks while it is made
source = new Source({
  url: new URL('/latest', location.href).href,
  types: ['feeds'],
  share: settings.share ? 'auto' : 'off',
  reload: (newer) => { byId('newer').hidden = !newer; },
}, { changed() {}, item() {}, missing() {}, state: showState });

let before = '';
function showState() {
  if (!source) return;
  const { link, lostAt } = source;
  header.show(link, link === 'offline' ? t('link.offline', { time: format.hourMinute(lostAt ?? source.now) }) : t(`link.${link}`));
  document.documentElement.dataset.link = link;
  if (link === 'live' && before !== '' && before !== 'live') server.ask();
  before = link;
}

watch(show);
addEventListener('focus', () => server.ask());
byId('reload').addEventListener('click', () => location.reload());
showState();
show();
server.ask();
