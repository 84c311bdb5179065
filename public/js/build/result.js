// What is handed out, if it will work, and otherwise why it would not and what to do.

import { copyButton } from '../copy.js';
import { icon, setIcon } from '../icons.js';
import { make, set } from '../dom.js';
import { settings, t } from '../page.js';
import { texts } from '../texts.js';
import { addressText, elementText, frameText } from './snippet.js';
import { state } from './state.js';
import { addressOf } from './targets.js';
import { notes, remedy } from './verdict.js';

const byId = (id) => document.getElementById(id);
const LOOKS = { good: 'check', ask: 'link', unknown: 'refresh', bad: 'warning' };

export class Result {
  #code = byId('code'); #text = byId('code').firstElementChild;
  #server; #copy; #open; #mark; #words;

  /** @param {import('./server.js').Server} server */
  constructor(server) {
    this.#server = server;
    this.#copy = copyButton(this.#text, () => this.#text.textContent);
    this.#copy.id = 'copy';
    this.#copy.classList.add('main');
    this.#open = make('a', 'button small');
    this.#open.id = 'open';
    this.#open.target = '_blank';
    this.#open.rel = 'noopener';
    this.#open.append(icon('open'), make('span', '', t('build.open')));
    byId('tools').append(this.#open, this.#copy);
    this.#mark = byId('verdict').appendChild(icon('check'));
    this.#words = byId('verdict').appendChild(make('span'));
  }

  /** Shows what was made of pairs ([name, text]), or why it is not shown; found is what verdict has found. */
  show(pairs, found) {
    const address = addressOf(state.make, pairs);
    const works = state.make === 'kiosk' || found.works;
    set(byId('resulttitle'), t(`build.result.${state.make}`));
    this.#open.href = address;
    this.#copy.hidden = this.#code.hidden = !works;
    byId('verdict').dataset.look = works ? 'good' : Object.hasOwn(LOOKS, found.state) ? found.state : 'bad';
    setIcon(this.#mark, LOOKS[byId('verdict').dataset.look]);
    set(this.#words, this.#say(found, works));
    if (works) this.#write(pairs, address);
    this.#remedy(found);
    this.#notes(works ? notes(state.make, found, location.origin) : [], works);
  }

  #say({ state: name, origin }, works) {
    if (state.make === 'kiosk') return t('build.say.kiosk');
    if (name === 'unknown' && this.#server.silent) return t('build.say.silent');
    return t(`build.say.${name}`, { origin, server: location.origin, works });
  }

  #write(pairs, address) {
    const server = location.origin;
    const { lang, label } = Object.fromEntries(pairs);
    const said = texts(lang ? [lang] : settings.languages); // in the language of what is built
    const tokens = {
      kiosk: () => addressText(server, address),
      element: () => elementText(server, pairs, said('build.link')),
      frame: () => frameText(server, address, pairs, label || said('tape.label')),
    }[state.make]();
    this.#text.replaceChildren(...tokens.map(([kind, text]) => (kind ? make('span', kind, text) : text)));
  }

  // The line that lets the page in: for the file, and for the command line.
  #remedy({ state: name, origin }) {
    const root = byId('remedy');
    root.hidden = name !== 'refused' && !(name === 'unknown' && this.#server.silent) || state.make === 'kiosk';
    const wanted = root.hidden ? '' : `${name} ${origin} ${this.#server.origins}`;
    if (root.dataset.for === wanted) return;
    root.dataset.for = wanted;
    const lines = name === 'refused' ? Object.entries(remedy(origin, this.#server.origins)) : [];
    root.replaceChildren(...lines.map(([where, text]) => line(t(`build.remedy.${where}`), text)));
    if (root.hidden) return;
    const again = root.appendChild(make('button', 'button small', t('build.again')));
    again.type = 'button';
    again.addEventListener('click', () => this.#server.ask());
  }

  #notes(names, works) {
    const root = byId('notes');
    const policy = works && { element: `script-src ${location.origin}; connect-src ${location.origin}`, frame: `frame-src ${location.origin}` }[state.make];
    const wanted = `${names} ${policy}`;
    if (root.dataset.for === wanted) return;
    root.dataset.for = wanted;
    root.replaceChildren(...names.map((name) => {
      const item = make('li', 'note');
      item.append(icon('warning'), make('span', '', t(`build.note.${name}`, { server: location.origin })));
      return item;
    }));
    if (policy) root.appendChild(make('li')).append(line(t('build.policy'), policy));
  }
}

/** A line of code with what it is for, and a button that copies it. */
function line(words, text) {
  const node = make('div', 'line');
  const code = make('code', 'mono', text);
  const copy = copyButton(code, () => text);
  copy.setAttribute('aria-describedby', code.id = `line-${words.length}-${text.length}`);
  node.append(make('span', 'meta', words), code, copy);
  return node;
}
