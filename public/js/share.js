// How a page reaches the hub that it shares with the other tabs of the browser:
//
//   worker  a SharedWorker owns the hub: the first choice
//   locks   a tab that holds a Web Lock owns it, the others speak to it over a
//           BroadcastChannel: where a worker cannot be, as in pages of other origins
//   direct  the page owns it: one stream a page
//
// Each is a channel: it says up when the hub listens (again: what was asked before must
// be asked anew), hands over the hub's messages, and says down when it does not work.

import { Hub } from './hub.js';
import { Tab } from './tab.js';

/** Of the messages between tabs and hubs: tabs of another version have a hub of their own. */
const VERSION = 1;

/**
 * @typedef {object} Channel
 * @property {(message: object) => void} post
 * @property {() => void} close tells the hub so
 *
 * @typedef {object} Ends
 * @property {() => void} up
 * @property {(message: object) => void} receive
 * @property {() => void} down called at most once, and never before the channel was returned
 */

/**
 * The kinds of channels to try, in this order.
 *
 * @param {string} [share] auto, off (the same as direct), worker, locks; else the page's own parameter share
 */
export function kinds(share = 'auto') {
  let wish = share;
  if (wish === 'auto') wish = new URLSearchParams(globalThis.location?.search ?? '').get('share') ?? 'auto';
  return { off: ['direct'], direct: ['direct'], worker: ['worker'], locks: ['locks'] }[wish] ?? ['worker', 'locks', 'direct'];
}

/**
 * Opens a channel.
 *
 * @param {string} kind
 * @param {import('./hub.js').HubOptions} options
 * @param {Ends} ends
 * @returns {Channel | null} null: this browser, or this page, cannot
 */
export function connect(kind, options, ends) {
  try {
    return { worker: toWorker, locks: toLeader, direct: toSelf }[kind](options, ends);
  } catch {
    return null; // a script of another origin, a sandbox, a policy
  }
}

function toWorker({ url, timing, clock }, { up, receive, down }) {
  if (!globalThis.SharedWorker) return null;
  if (new URL(import.meta.url).origin !== globalThis.location?.origin) return null; // would be refused, and by Trusted Types reported
  const worker = new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name: `tickertape ${VERSION} ${url}` });
  const { port } = worker;
  let over = false;
  const close = () => {
    over = true;
    clock.clearTimeout(patience);
    port.close();
  };
  const fail = () => {
    if (over) return;
    close();
    down();
  };
  const patience = clock.setTimeout(fail, timing.answer);
  worker.onerror = fail; // it could not be loaded
  port.onmessage = ({ data: message }) => {
    if (over) return;
    if (message.op !== 'hello') {
      receive(message);
      return;
    }
    clock.clearTimeout(patience);
    worker.onerror = null;
    up();
  };
  port.postMessage({ op: 'hello', url, timing });
  return {
    post: (message) => port.postMessage(message),
    close() {
      if (!over) port.postMessage({ op: 'leave' });
      close();
    },
  };
}

const shared = new Map(); // of this page: kind and url -> {users, it}

// Something that all parts of the page use together: made by the first, closed by the last.
function share(key, make) {
  const entry = shared.get(key) ?? { users: 0, it: make() };
  shared.set(key, entry);
  entry.users++;
  return [entry.it, () => {
    if (--entry.users > 0) return;
    shared.delete(key);
    entry.it.close();
  }];
}

function toLeader(options, ends) {
  if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) return null;
  const name = `tickertape ${VERSION} ${options.url}`;
  const [tab, release] = share(`locks ${name}`, () => new Tab(name, options));
  const port = tab.join(ends);
  return {
    post: (message) => port.post(message),
    close() {
      port.close();
      release();
    },
  };
}

function toSelf(options, { up, receive }) {
  // With an EventSource or clock of its own it is nobody else's.
  const [hub, release] = options.EventSource ? own(new Hub(options)) : share(`direct ${options.url}`, () => new Hub(options));
  let over = false;
  const post = hub.join((message) => {
    if (over) return;
    try {
      receive(message);
    } catch (error) {
      reportError(error); // one part's trouble is not the others'
    }
  });
  const channel = {
    post,
    close() {
      if (over) return;
      over = true;
      post({ op: 'leave' });
      release();
    },
  };
  queueMicrotask(() => { if (!over) up(); });
  return channel;
}

const own = (hub) => [hub, () => hub.close()];
