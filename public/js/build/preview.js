// The preview: the page itself in a frame as large as the screen that it is for, made
// smaller to fit. A tape is shown between lines of a page that is none.

import { make } from '../dom.js';
import { t } from '../page.js';
import { chip } from './chip.js';
import { go, state } from './state.js';
import { heightOf, schemeOf } from './snippet.js';
import { TARGETS, addressOf, viewFor } from './targets.js';

const CALM = 350; // ms without a change before it is loaded anew
const SIZES = { wall: [1920, 1080], portrait: [1080, 1920], third: [1920, 360], desk: [1120, 800], phone: [390, 844] };
const NARROW = 640; // px below which a flip is three lines high
const LINE = 44; // px
const AIR = 32; // px around it

export class Preview {
  #stage; #views; #device; #frame;
  #narrow = matchMedia('(max-width: 40rem)');
  #shown = ''; // address in the frame
  #timer = 0;
  #made = ''; // target whose views are offered

  constructor(stage, views) {
    this.#stage = stage;
    this.#views = views;
    this.#device = stage.appendChild(make('div', 'device'));
    this.#device.append(lines('before', 3), this.#frame = make('iframe'), lines('after', 30));
    this.#frame.title = t('build.preview');
    new ResizeObserver(() => this.#fit()).observe(stage);
  }

  /** Shows a target with what is said for it: [name, text]. */
  show(pairs) {
    const view = viewFor(state.make, state.view, this.#narrow.matches);
    const display = state.make === 'kiosk';
    this.#offer(view);
    this.#device.dataset.view = view;
    this.#device.classList.toggle('display', display);
    this.#device.classList.toggle('clear', schemeOf(pairs) !== '');
    this.#frame.style.colorScheme = schemeOf(pairs);
    this.#frame.style.blockSize = display ? '' : `${this.#height(view, pairs)}px`;
    this.#fit();
    // Under the name of a screen the operator would see two of it.
    const address = addressOf(state.make, pairs.filter(([name]) => name !== 'screen'));
    clearTimeout(this.#timer);
    if (address === this.#shown) return;
    this.#timer = setTimeout(() => this.#load(address), this.#shown === '' ? 0 : CALM);
  }

  // A tape stands on a page as high as it is by itself; a frame has the height that it was given.
  #height(view, pairs) {
    const { mode = 'flip' } = Object.fromEntries(pairs);
    return state.make === 'element' && mode === 'flip' && SIZES[view][0] >= NARROW ? LINE : heightOf(pairs);
  }

  // In place of what is there: going back leaves this page, not the last choice.
  #load(address) {
    this.#shown = address;
    if (this.#frame.contentWindow) this.#frame.contentWindow.location.replace(address);
  }

  #fit() {
    const [width, height] = SIZES[this.#device.dataset.view] ?? SIZES.wall;
    const { clientWidth, clientHeight } = this.#stage;
    // A display is seen as a whole; of a page the top, as large as there is room for.
    const whole = state.make === 'kiosk';
    const scale = Math.max(0.01, Math.min(1, (clientWidth - AIR) / width, whole ? (clientHeight - AIR) / height : 1));
    this.#device.style.setProperty('--width', `${width}px`);
    this.#device.style.setProperty('--height', `${whole ? height : Math.ceil(clientHeight / scale)}px`);
    this.#device.style.setProperty('--scale', String(scale));
  }

  #offer(view) {
    if (this.#made !== state.make) {
      this.#made = state.make;
      const made = TARGETS[state.make].views.map((name) => chip('radio', 'view', name, t(`build.view.${name}`)));
      for (const { box } of made) box.addEventListener('change', () => go('view', box.value));
      this.#views.replaceChildren(this.#views.firstElementChild, ...made.map(({ node }) => node));
    }
    for (const box of this.#views.querySelectorAll('input')) box.checked = box.value === view;
  }
}

function lines(place, count) {
  const node = make('div', `lines ${place}`);
  node.setAttribute('aria-hidden', 'true');
  for (let i = 0; i < count; i++) node.append(make('i'));
  return node;
}
