// The raw stream: what came, as it came, newest first. Bounded, and it can be held.

import { make, set, Rows } from '../dom.js';
import { format, t } from '../page.js';
import { copyButton } from '../copy.js';

const EVENTS = 200; // kept
const TEXT = 2000; // characters of one that are kept

function line() {
  const node = make('li', 'event');
  const head = node.appendChild(make('p', 'label-line'));
  const time = head.appendChild(make('time', 'meta'));
  const name = head.appendChild(make('bdi', 'name'));
  const id = head.appendChild(make('span', 'meta id'));
  const data = node.appendChild(make('code'));
  data.dir = 'auto';
  return {
    node,
    update(event) {
      set(time, format.hourMinuteSecond(event.ms));
      set(name, event.name);
      set(id, event.id);
      set(data, event.text);
    },
  };
}

export class Inspector {
  #events = []; // newest first, at most EVENTS
  #count = 0;
  #held = null; // the events that are shown while it is held
  #newer = 0;
  #open = false;
  #frame = 0;
  #rows; #command; #hold; #search; #none;

  constructor() {
    this.root = make('div', 'inspector');
    this.root.append(make('p', 'meta', t('stream.about')));
    const shell = this.root.appendChild(make('p', 'command'));
    this.#command = shell.appendChild(make('code'));
    shell.append(copyButton(this.#command, () => this.#command.textContent));
    const tools = this.root.appendChild(make('div', 'tools'));
    this.#search = tools.appendChild(make('input', 'input'));
    this.#search.type = 'search';
    this.#search.placeholder = t('stream.filter');
    this.#search.setAttribute('aria-label', t('stream.filter'));
    this.#search.addEventListener('input', () => this.#draw());
    this.#hold = tools.appendChild(make('button', 'button small', t('action.pause')));
    this.#hold.type = 'button';
    this.#hold.addEventListener('click', () => this.#toggle());
    const clear = tools.appendChild(make('button', 'button small', t('action.clear')));
    clear.type = 'button';
    clear.addEventListener('click', () => {
      this.#events = [];
      if (this.#held) this.#held = [];
      this.#draw();
    });
    const list = make('ol');
    const scroll = this.root.appendChild(make('div', 'events'));
    scroll.tabIndex = 0;
    scroll.setAttribute('role', 'group');
    scroll.setAttribute('aria-label', t('panel.stream'));
    scroll.append(list);
    this.#none = scroll.appendChild(make('p', 'empty', t('stream.none')));
    this.#rows = new Rows(list, line);
  }

  /** Takes the types that are read: the command reads the same. */
  reads(types) {
    const query = types.length === 1 && types[0] === '*' ? '' : `?type=${types.join(',')}`;
    set(this.#command, `curl -N '${location.origin}/latest${query.replaceAll("'", '%27')}'`);
  }

  /** Takes an event: its name, id, and data as text; ms is when it came, by the server's clock. */
  hear(name, id, text, ms) {
    this.#events.unshift({ key: ++this.#count, name, id, text: text.slice(0, TEXT), ms });
    this.#events.length = Math.min(this.#events.length, EVENTS);
    if (this.#held) this.#newer++;
    if (this.#open) this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  shown(open) {
    this.#open = open;
    if (open) this.#draw();
  }

  #toggle() {
    this.#held = this.#held ? null : [...this.#events];
    this.#newer = 0;
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    if (!this.#open) return;
    const words = this.#search.value.toLowerCase();
    const events = (this.#held ?? this.#events).filter(({ name, text }) => !words || `${name} ${text}`.toLowerCase().includes(words));
    this.#rows.update(events, {});
    this.#none.hidden = events.length > 0;
    this.#hold.setAttribute('aria-pressed', String(this.#held !== null));
    set(this.#hold, this.#held ? `${t('action.resume')}${this.#newer ? ` · ${t('pause.newer', { n: this.#newer })}` : ''}` : t('action.pause'));
  }
}
