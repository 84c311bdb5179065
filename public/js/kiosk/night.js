// What goes by the clock of the display: dark hours, small shifts against burn-in, and
// the hour in which the page is loaded anew.

import { format, settings } from '../page.js';

const REACH = 12; // CSS pixels to each side: 24 from end to end
const NIGHT = 4 * 60; // minutes after midnight: who looks then
const WINDOW = 60; // minutes
const RUN = 20 * 3600_000; // ms that a page runs at least
const AGAIN = 5 * 60_000; // ms between two questions whether the server is there
const PATIENCE = 10_000;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: format.zone });

/** Minutes since midnight in the display's zone. */
export function minutes(ms) {
  const [h, m] = clock.format(ms).split(':').map(Number);
  return 60 * h + m;
}

/** Whether a minute of the day lies in {from, to}, which may go over midnight. */
export const within = (minute, { from, to }) => (from <= to ? minute >= from && minute < to : minute >= from || minute < to);

/** Whether the display is to be dark. */
export const isDark = (now) => settings.dim !== null && within(minutes(now), settings.dim);

/** Where the picture stands, as CSS for translate: a few pixels further with each shift. */
export function place(now) {
  if (settings.shift === 0) return '';
  const n = Math.floor(now / (1000 * settings.shift)) % 10_000;
  return `${Math.round(REACH * Math.sin(n * 0.45))}px ${Math.round(REACH * Math.sin(n * 0.31 + 1))}px`;
}

/** Loads the page anew once a night, at a minute of its own, if the server is there: whatever a browser lost in a day it finds. */
export class Renewal {
  #began = performance.now();
  #minute = (NIGHT + Math.floor(Math.random() * WINDOW)) % 1440;
  #asked = -Infinity;
  #reload;

  constructor(reload = () => location.reload()) { this.#reload = reload; }

  tick(now) {
    const steady = performance.now();
    if (steady - this.#began < RUN || steady - this.#asked < AGAIN) return;
    if (!within(minutes(now), { from: this.#minute, to: (this.#minute + WINDOW) % 1440 })) return;
    this.#asked = steady;
    this.#ask();
  }

  async #ask() {
    try {
      const answer = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
      if (answer.ok) this.#reload();
    } catch { /* away: what is shown stays */ }
  }
}
