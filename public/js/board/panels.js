// The panels beside the board: one is open at a time, by its button, by the address
// (panel=...), or none.

import { icon } from '../icons.js';
import { make, set } from '../dom.js';
import { t } from '../page.js';
import { go, state, watch } from './state.js';

export class Panels {
  #frame; #title; #close;
  #panels = new Map(); // name -> {button, panel}

  /** frame is an empty aside. */
  constructor(frame) {
    this.#frame = frame;
    const head = frame.appendChild(make('header'));
    this.#title = head.appendChild(make('h2'));
    this.#title.id = 'panel-title';
    this.#title.tabIndex = -1;
    frame.setAttribute('aria-labelledby', this.#title.id);
    this.#close = head.appendChild(make('button', 'button bare square'));
    this.#close.type = 'button';
    this.#close.setAttribute('aria-label', t('action.close'));
    this.#close.append(icon('close'));
    this.#close.addEventListener('click', () => this.#leave());
    frame.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#leave();
    });
    watch((names) => { if (names.includes('panel')) this.#show(true); });
  }

  /** Adds a panel with its button. A panel has a root, and shown(whether it is). */
  add(name, button, panel) {
    this.#panels.set(name, { button, panel });
    panel.root.hidden = true;
    this.#frame.append(panel.root);
    button.setAttribute('aria-controls', this.#frame.id);
    button.addEventListener('click', () => go({ panel: state.panel === name ? 'none' : name }));
  }

  /** Opens what the address says; call it once all panels are there. */
  start() { this.#show(false); }

  #leave() {
    const { button } = this.#panels.get(state.panel) ?? {};
    go({ panel: 'none' });
    button?.focus();
  }

  #show(move) {
    const open = this.#panels.has(state.panel);
    document.documentElement.classList.toggle('beside', open);
    this.#frame.hidden = !open;
    for (const [name, { button, panel }] of this.#panels) {
      const on = name === state.panel;
      button.setAttribute('aria-expanded', String(on));
      panel.root.hidden = !on;
      panel.shown(on);
    }
    if (!open) return;
    set(this.#title, t(`panel.${state.panel}`));
    if (move) this.#title.focus();
  }
}
