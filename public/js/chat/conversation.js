// The messages, oldest first, and where the reader is in them: at the end, which is
// followed, or above it, where nothing moves and a button tells of what is newer.

import { Format } from '../format.js';
import { make, set, Rows } from '../dom.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';

const TOGETHER = 5 * 60_000; // ms between two messages of one person under one name
const END = 48; // pixels above the end that still are the end
const TEXT = 2000;

function message(again) {
  const node = make('li', 'message');
  const initial = node.appendChild(make('span', 'initial'));
  initial.setAttribute('aria-hidden', 'true');
  const who = node.appendChild(make('p', 'who'));
  const name = who.appendChild(make('bdi'));
  const time = who.appendChild(make('time'));
  const words = node.appendChild(make('p', 'words'));
  words.dir = 'auto';
  const failed = node.appendChild(make('p', 'failed'));
  const reason = failed.appendChild(make('span'));
  const button = failed.appendChild(make('button', 'button small', t('action.try_again')));
  button.type = 'button';
  let shown;
  button.addEventListener('click', () => again(shown.message));
  return {
    node,
    update(row) {
      shown = row;
      node.classList.toggle('first', row.first);
      node.classList.toggle('mine', row.mine);
      node.classList.toggle('waiting', row.message !== undefined);
      set(initial, [...row.name][0]?.toUpperCase() ?? '');
      set(name, row.name);
      set(words, row.text);
      time.hidden = row.ms === null;
      if (row.ms !== null) {
        time.dateTime = new Date(row.ms).toISOString();
        set(time, format.hourMinute(row.ms));
      }
      failed.hidden = row.message?.state !== 'failed';
      set(reason, row.message?.reason ?? '');
    },
  };
}

export class Conversation {
  #scroll; #below; #mine; #rows;
  #following = true;
  #seen = 0; // rows when the end was last in view
  #count = 0;

  /** hooks: mine() is the reader's name; again(message) sends a message once more. */
  constructor(scroll, list, below, { mine, again }) {
    this.#scroll = scroll;
    this.#below = below;
    this.#mine = mine;
    this.#rows = new Rows(list, () => message(again));
    scroll.addEventListener('scroll', () => {
      this.#following = scroll.scrollHeight - scroll.clientHeight - scroll.scrollTop < END;
      this.#tell();
    });
    below.addEventListener('click', () => {
      this.follow();
      this.#tell();
    });
    new ResizeObserver(() => { if (this.#following) this.#end(); }).observe(scroll); // a keyboard comes up, a line is added
  }

  /** Goes to the end, and stays there. */
  follow() {
    this.#following = true;
    this.#end();
  }

  /** Shows items, oldest first, and below them the messages that wait. */
  update(items, waiting) {
    const mine = this.#mine();
    const all = [
      ...items.map((item) => ({ key: item.key, data: item.data, ms: moment(item).ms })),
      ...waiting.map((one) => ({ key: one.key, data: one.data, ms: Date.parse(one.data.time), message: one })),
    ];
    let before = null;
    const rows = all.map(({ key, data, ms, message: one }) => {
      const named = Format.clip(data.name ?? '', 80);
      const name = named || t('chat.anonymous');
      const first = before === null || before.name !== name || ms === null || ms - before.ms > TOGETHER;
      if (first) before = { name, ms: ms ?? 0 };
      const text = String(data.text ?? data.value ?? '').slice(0, TEXT);
      return { key, name, text, ms, first, mine: one !== undefined || (named !== '' && named === mine), message: one };
    });
    if (this.#count > 0 && !this.#following) this.#seen = Math.min(this.#seen, rows.length);
    this.#count = rows.length;
    this.#rows.update(rows);
    if (this.#following) this.#end();
    this.#tell();
  }

  #end() { this.#scroll.scrollTop = this.#scroll.scrollHeight; }

  #tell() {
    if (this.#following) this.#seen = this.#count;
    const newer = this.#count - this.#seen;
    this.#below.hidden = this.#following;
    set(this.#below, newer > 0 ? t('chat.newer', { n: newer }) : t('chat.end'));
  }
}
