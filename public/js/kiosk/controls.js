// What somebody at the display can do: touch it, press keys, use the buttons that appear
// then. Left alone, pointer and buttons vanish.

import { icon, setIcon } from '../icons.js';
import { make } from '../nodes.js';
import { t } from '../page.js';
import { address } from '../settings.js';

const KEYS = {
  __proto__: null, ' ': 'toggle', p: 'toggle', ArrowRight: 'forward', ArrowLeft: 'back', d: 'diagnostics', f: 'fullscreen', Escape: 'escape',
};
const EDGE = 0.25; // of the width, to each side, that turns

export class Controls {
  #root; #does; #play; #kiosk; #idle;
  #touched = -Infinity; // by the steady clock

  /** does: toggle(), step(by), diagnostics(), escape(). kiosk: not as on any page; idle: ms until buttons vanish. */
  constructor(root, does, { kiosk, idle }) {
    this.#root = root;
    this.#does = does;
    this.#kiosk = kiosk;
    this.#idle = idle;
    this.#button('previous', 'action.previous', () => does.step(-1));
    this.#play = this.#button('pause', 'action.pause', () => does.toggle());
    this.#button('next', 'action.next', () => does.step(1));
    if (document.fullscreenEnabled) this.#button('expand', 'kiosk.fullscreen', () => this.#fullscreen());
    this.#button('settings', 'kiosk.diagnostics', () => does.diagnostics());
    if (!kiosk) {
      const board = root.appendChild(make('a', 'button'));
      board.href = address('board', {});
      board.append(t('site.board'));
    }
    if (kiosk) addEventListener('contextmenu', (event) => event.preventDefault());
    for (const type of ['pointermove', 'pointerdown', 'keydown']) addEventListener(type, () => this.#touch(), { passive: true });
    addEventListener('keydown', (event) => this.#key(event));
    document.getElementById('stage').addEventListener('click', (event) => this.#tap(event));
    document.documentElement.dataset.idle = kiosk ? 'yes' : 'no';
  }

  /** paused: whether it stands still. */
  update(paused) {
    setIcon(this.#play.firstChild, paused ? 'play' : 'pause');
    const words = t(paused ? 'action.resume' : 'action.pause');
    if (this.#play.ariaLabel === words) return;
    this.#play.ariaLabel = words;
    this.#play.title = words;
  }

  tick(steady) {
    if (!this.#kiosk || steady - this.#touched < this.#idle || this.#root.matches(':focus-within')) return;
    document.documentElement.dataset.idle = 'yes';
  }

  #touch() {
    this.#touched = performance.now();
    document.documentElement.dataset.idle = 'no';
  }

  #button(picture, words, press) {
    const node = this.#root.appendChild(make('button', 'button square'));
    node.type = 'button';
    node.ariaLabel = t(words);
    node.title = t(words);
    node.append(icon(picture));
    node.addEventListener('click', press);
    return node;
  }

  #key(event) {
    const what = KEYS[event.key];
    if (!what || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === ' ' && event.target.closest('button, a')) return; // theirs
    event.preventDefault();
    if (what === 'forward' || what === 'back') this.#does.step((what === 'forward') === rtl() ? -1 : 1);
    else if (what === 'fullscreen') this.#fullscreen();
    else this.#does[what]();
  }

  // The edges turn, as in a book; all between stops and goes on.
  #tap({ clientX }) {
    const part = clientX / innerWidth;
    if (part > EDGE && part < 1 - EDGE) this.#does.toggle();
    else this.#does.step((part >= 1 - EDGE) === rtl() ? -1 : 1);
  }

  async #fullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
    } catch { /* refused: it stays as it is */ }
  }
}

const rtl = () => document.documentElement.dir === 'rtl';
