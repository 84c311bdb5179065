// A tab among others, where no SharedWorker can be: whoever holds the lock is the
// leader and owns the hub; the others reach it over a BroadcastChannel. A leader that
// is closed, frozen or crashed loses the lock; one that only falls silent, or is hidden
// for long (its timers are slowed down then), has it taken away by another tab.
//
// On the channel: {op: 'who'} asks for the leader; {op: 'leader', id, hidden} is its
// answer, said on every ping too; {to: id of a leader or a port, from, message} is for
// a hub, or from it.

import { Hub } from './hub.js';

const HIDDEN = 6; // pings of a hidden leader, until a tab that is seen takes over
const SILENT = 2; // pings without a word of the leader, likewise
const PATIENT = 5; // the same, for a tab that is hidden
const REMOTE = 400; // ports of other tabs that a leader remembers at most

const unique = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join('');
const hidden = () => globalThis.document?.visibilityState === 'hidden';

export class Tab {
  #name; #options; #channel; #timer; #onFreeze;
  #ports = new Map(); // id -> {up, receive, down, post, leader}
  #leader = ''; // id of the leader; '' while there is none
  #id = unique();
  #hub = null; // this tab is the leader
  #remote = new Map(); // port of another tab -> what takes its messages
  #release = () => {}; // of the lock
  #queue = new AbortController(); // ends the wait for the lock
  #silent = 0; // pings since the leader was heard
  #hiddenFor = 0; // pings for which the leader was hidden

  /**
   * @param {string} name of the lock and the channel
   * @param {import('./hub.js').HubOptions} options
   */
  constructor(name, options) {
    this.#name = name;
    this.#options = options;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#timer = options.clock.setInterval(() => this.#look(), options.timing.ping);
    this.#onFreeze = () => this.#resign();
    globalThis.document?.addEventListener('freeze', this.#onFreeze);
    this.#channel.postMessage({ op: 'who' });
    this.#wait();
  }

  /**
   * Takes a part of this page in.
   *
   * @param {import('./share.js').Ends} ends
   * @returns {import('./share.js').Channel}
   */
  join(ends) {
    const id = unique();
    const port = { ...ends, post: null, leader: '' };
    this.#ports.set(id, port);
    if (this.#leader) queueMicrotask(() => this.#bring(id));
    return {
      post: (message) => port.post?.(message),
      close: () => {
        port.post?.({ op: 'leave' });
        this.#ports.delete(id);
      },
    };
  }

  /** Leaves; another tab leads then. */
  close() {
    this.#options.clock.clearInterval(this.#timer);
    globalThis.document?.removeEventListener('freeze', this.#onFreeze);
    this.#queue.abort();
    this.#stepDown();
    this.#channel.close();
  }

  // --- the lock

  #wait(options) {
    const { signal } = this.#queue;
    navigator.locks.request(this.#name, options ?? { signal }, () => new Promise((release) => {
      if (signal.aborted) {
        release();
        return;
      }
      this.#release = release;
      this.#lead();
    })).catch((error) => {
      if (signal.aborted) return;
      if (error.name === 'AbortError') this.#stolen();
      else for (const port of [...this.#ports.values()]) port.down();
    });
  }

  #lead() {
    if (this.#hub) return;
    this.#id = unique();
    this.#leader = this.#id;
    this.#hub = new Hub(this.#options);
    this.#announce();
    for (const id of [...this.#ports.keys()]) this.#bring(id);
  }

  #stolen() {
    this.#stepDown();
    this.#channel.postMessage({ op: 'who' });
    this.#wait();
  }

  // Frozen soon: another tab leads, and this one stands at the end of the line.
  #resign() {
    if (!this.#hub) return;
    this.#stepDown();
    this.#wait();
  }

  #stepDown() {
    this.#hub?.close();
    this.#hub = null;
    this.#remote.clear();
    if (this.#leader === this.#id) this.#leader = '';
    for (const port of this.#ports.values()) Object.assign(port, { post: null, leader: '' });
    this.#release();
    this.#release = () => {};
  }

  #announce() { this.#channel.postMessage({ op: 'leader', id: this.#id, hidden: hidden() }); }

  #look() {
    if (this.#hub) {
      this.#announce();
      return;
    }
    this.#silent++;
    const silent = this.#silent > (hidden() ? PATIENT : SILENT);
    if (!silent && (hidden() || this.#hiddenFor < HIDDEN)) return;
    this.#silent = 0;
    this.#hiddenFor = 0;
    this.#queue.abort(); // out of the line, past it
    this.#queue = new AbortController();
    this.#wait({ steal: true });
  }

  // --- the channel

  #hear({ op, to, from, id, hidden: away, message }) {
    if (op === 'who') {
      if (this.#hub) this.#announce();
    } else if (op === 'leader') {
      this.#heardLeader(id, away);
    } else if (to === this.#id && this.#hub) {
      this.#forHub(from, message);
    } else if (this.#ports.has(to) && from === this.#leader && !this.#hub) {
      this.#ports.get(to).receive(message);
    }
  }

  #heardLeader(id, away) {
    this.#silent = 0;
    this.#hiddenFor = away ? this.#hiddenFor + 1 : 0;
    if (this.#hub || id === this.#leader) return; // two leaders: the lock will tell
    this.#leader = id;
    for (const port of [...this.#ports.keys()]) this.#bring(port);
  }

  #forHub(from, message) {
    if (!this.#remote.has(from)) {
      if (this.#remote.size >= REMOTE) this.#remote.delete(this.#remote.keys().next().value);
      const leader = this.#id;
      this.#remote.set(from, this.#hub.join((answer) => this.#channel.postMessage({ to: from, from: leader, message: answer })));
    }
    this.#remote.get(from)(message);
    if (message.op === 'leave') this.#remote.delete(from);
  }

  // Connects a part of this page with the leader there is.
  #bring(id) {
    const port = this.#ports.get(id);
    const leader = this.#leader;
    if (!port || !leader || port.leader === leader) return;
    port.leader = leader;
    if (this.#hub) {
      port.post = this.#hub.join((message) => {
        if (this.#ports.get(id) !== port) return;
        try {
          port.receive(message);
        } catch (error) {
          reportError(error);
        }
      });
    } else {
      port.post = (message) => this.#channel.postMessage({ to: leader, from: id, message });
    }
    port.up();
  }
}
