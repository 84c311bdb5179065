// When a page should be loaded anew: the server runs another build, or speaks and will
// not stream. Never while the server is away, and seldom.

import { CLOCK, TIMING } from './link.js';

const KEPT = 'tickertape.reloaded';

/**
 * @typedef {object} BuildWatch
 * @property {(build: string) => void} build told by the stream: at its beginning, and with each heartbeat
 * @property {(failures: number) => void} failed attempts in a row that have led to no stream
 */

/**
 * Watches for the moment to load a page anew: the same other build was told twice, or
 * attempts have failed five times in a row; and GET /healthz answers; and this tab was
 * not reloaded in the last ten minutes.
 *
 * @param {object} options
 * @param {string} options.src URL of the server
 * @param {(build: string) => void} [options.reload] default: loads the page anew; build: the new one, '' for failures
 * @param {Partial<typeof TIMING>} [options.timing]
 * @param {typeof CLOCK} [options.clock]
 * @param {typeof fetch} [options.fetch]
 * @param {Storage} [options.storage] default: sessionStorage; where there is none, the page is never reloaded by itself
 * @returns {BuildWatch}
 */
export function watchBuild({ src, reload, timing, clock = CLOCK, fetch: get, storage }) {
  const times = { ...TIMING, ...timing };
  const ask = get ?? ((...args) => fetch(...args));
  let first = '';
  let other = '';
  let told = 0;
  let asking = false;

  async function act(build) {
    if (asking) return;
    asking = true;
    try {
      const store = storage ?? sessionStorage;
      const last = Number(store.getItem(KEPT) ?? -Infinity);
      if (Math.abs(clock.date() - last) < times.reload) return;
      const answer = await ask(new URL('healthz', src), { cache: 'no-store', signal: AbortSignal.timeout(times.connect) });
      if (!answer.ok) return;
      store.setItem(KEPT, String(clock.date()));
      told = 0;
      if (reload) reload(build);
      else location.reload();
    } catch { /* away, or storage is forbidden: the next occasion comes */ } finally {
      asking = false;
    }
  }

  return {
    build(id) {
      if (!id) return;
      first ||= id;
      if (id !== other) told = 0;
      other = id;
      if (id !== first && ++told >= 2) act(id);
    },
    failed(failures) {
      if (failures > 0 && failures % times.failures === 0) act('');
    },
  };
}
