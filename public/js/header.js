// The head of every page but the displays: the mark, the way to the other pages, the
// state of the link, and room for a page's own buttons. base.css reserves its height.

import { make, set } from './nodes.js';
import { mark } from './icons.js';
import { page, settings, t } from './page.js';
import { address } from './settings.js';

const PAGES = ['board', 'kiosk', 'monitor', 'chat', 'build'];

/** What all pages share goes along to the next one, if the address said it. */
function way(name) {
  const given = new URLSearchParams(location.search);
  const values = Object.fromEntries(['lang', 'tz', 'units', 'theme', 'rise'].filter((key) => given.has(key)).map((key) => [key, settings[key]]));
  return address(name, values);
}

export class Header {
  #lamp; #word; #data;

  /** Fills an empty header element. */
  constructor(root) {
    root.classList.add('site');
    const main = document.querySelector('main');
    if (main) {
      main.id ||= 'main';
      const skip = root.appendChild(make('a', 'skip', t('site.skip')));
      skip.href = `#${main.id}`;
      skip.addEventListener('click', (event) => { // the address stays as it is
        event.preventDefault();
        main.tabIndex = -1;
        main.focus();
      });
    }
    const brand = root.appendChild(make('a', 'brand'));
    brand.href = way('board');
    brand.append(mark(), make('h1', 'brand', 'tickertape'));
    const nav = root.appendChild(make('nav'));
    nav.setAttribute('aria-label', t('site.nav'));
    const list = nav.appendChild(make('ul'));
    for (const name of PAGES) {
      const link = list.appendChild(make('li')).appendChild(make('a', '', t(`site.${name}`)));
      link.href = way(name);
      if (name === page) link.setAttribute('aria-current', 'page');
    }
    const status = root.appendChild(make('div', 'status'));
    const line = status.appendChild(make('p'));
    line.id = 'link';
    line.setAttribute('role', 'status');
    this.#lamp = line.appendChild(make('span', 'lamp'));
    this.#word = line.appendChild(make('span'));
    this.#data = status.appendChild(make('p', 'meta'));
    this.#data.id = 'data';
    /** Where a page puts its buttons. */
    this.actions = root.appendChild(make('div', 'actions'));
  }

  /** Shows a state of the link (see latest.js) with its words, and what is to be said of the data, or ''. */
  show(state, words, data = '') {
    this.#lamp.dataset.state = state;
    set(this.#word, words);
    this.tell(data);
  }

  /** Says something of the data alone. */
  tell(data) { set(this.#data, data); }
}
