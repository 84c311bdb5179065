// The controls of a tape: real buttons, and keys that work while the focus is in it.

import { icon, setIcon } from '../icons.js';
import { make, set } from '../dom.js';

/** Keys, by the name of what they do. */
const KEYS = { __proto__: null, p: 'toggle', P: 'toggle', ' ': 'toggle', ArrowRight: 'forward', ArrowLeft: 'back' };

export class Controls {
  #root; #previous; #toggle; #next; #play; #newer; #does;

  /** Fills root. does is {toggle(), step(by), rtl()}; keys count within tape. */
  constructor(root, tape, does) {
    this.#root = root;
    this.#does = does;
    this.#previous = button(root, 'previous', () => does.step(-1));
    this.#next = button(root, 'next', () => does.step(1));
    this.#toggle = button(root, 'pause', () => does.toggle());
    this.#toggle.classList.add('toggle');
    this.#play = this.#toggle.firstChild;
    this.#newer = this.#toggle.appendChild(make('span', 'newer'));
    tape.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Shows {t, label, paused, newer, which}; which is a value of the attribute controls. */
  update({ t, label, paused, newer, which }) {
    this.#root.hidden = which === 'none';
    this.#previous.hidden = this.#next.hidden = which !== 'all';
    name(this.#previous, t('action.previous'));
    name(this.#next, t('action.next'));
    const more = paused && newer > 0 ? t('pause.newer', { n: newer }) : '';
    setIcon(this.#play, paused ? 'play' : 'pause');
    set(this.#newer, more);
    name(this.#toggle, [t(paused ? 'tape.resume' : 'tape.pause', { label }), more].filter(Boolean).join(', '));
  }

  #key(event) {
    const what = KEYS[event.key];
    if (!what || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    // A space on a button is the button's, and arrows scroll what scrolls.
    if (event.key === ' ' && event.composedPath()[0].localName === 'button') return;
    event.preventDefault();
    if (what === 'toggle') this.#does.toggle();
    else this.#does.step((what === 'forward') === this.#does.rtl() ? -1 : 1);
  }
}

function button(root, picture, press) {
  const node = root.appendChild(make('button', picture));
  node.type = 'button';
  node.append(icon(picture));
  node.addEventListener('click', press);
  return node;
}

function name(node, text) {
  if (node.ariaLabel === text) return;
  node.ariaLabel = text;
  node.title = text;
}
