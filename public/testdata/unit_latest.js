// What a page sees of the client: Latest and subscribe, over a hub of their own.

import { Latest, subscribe } from '/js/latest.js';
import { kinds } from '/js/share.js';
import { FakeClock, equal } from './fakes.js';
import { FakeServer } from './fakeserver.js';

const turn = () => new Promise((resolve) => { setTimeout(resolve, 0); });

function rig(types = ['news'], options = {}) {
  const r = { server: new FakeServer(), clock: new FakeClock(), calls: [], states: [] };
  r.server.print('news', 'a', 1);
  r.options = {
    url: 'http://host/latest', EventSource: r.server.Source, clock: r.clock, random: () => 0, fetch: r.server.topics, ...options,
  };
  r.link = new Latest({
    state: (name) => r.states.push(name),
    begin: (state) => r.calls.push(state),
    event: (topic, text, id) => r.calls.push(`${topic} ${id}`),
    retract: (data, id) => r.calls.push(`retract ${data.key} ${id}`),
    live: () => r.calls.push('live'),
    time: () => {},
  }, r.options);
  r.link.open(types);
  r.step = async (ms) => {
    for (let t = 0; t < ms; t += 100) {
      if (r.clock.ms % 15_000 === 0) r.server.beat();
      r.server.pump();
      r.clock.step(100);
      await null;
    }
    await turn();
    r.server.pump();
  };
  return r;
}

const live = async (...args) => {
  const r = rig(...args);
  await turn();
  await r.step(100);
  return r;
};

export const checks = [
  ['latest: a snapshot, live, events, each with its place', async () => {
    const r = await live();
    r.server.print('news', 'b', 2);
    r.server.retract('news', 'a');
    r.server.pump();
    equal(r.calls, ['fresh', 'news ', 'live', 'news e-2', 'retract a e-3']);
    equal([r.states, r.link.lastId, r.link.sharing], [['connecting', 'live'], 'e-3', 'direct']);
    r.link.close();
    equal([r.server.open.length, r.clock.timers.length], [0, 0]);
  }],
  ['latest: a page does not repeat what it stumbles over', async () => {
    const r = rig();
    let stumbled = 0;
    const old = globalThis.reportError;
    globalThis.reportError = () => stumbled++;
    try {
      const link = new Latest({ ...Object.fromEntries(['state', 'begin', 'retract', 'live', 'time'].map((name) => [name, () => {}])), event() { throw new Error('stumbles'); } }, r.options);
      link.open(['news']);
      await turn();
      await r.step(100);
      r.server.print('news', 'b', 2);
      r.server.pump();
      equal([stumbled, link.lastId], [2, 'e-2']);
    } finally {
      globalThis.reportError = old;
    }
  }],
  ['latest: less goes on, more begins anew, nothing is idle', async () => {
    const r = await live(['news', 'stock']);
    await r.step(2000);
    r.link.open(['news'], { fresh: false });
    await r.step(1000);
    r.link.open(['news', 'tides']);
    await r.step(2000);
    equal(r.server.asked, [{ types: 'news,stock', last: '' }, { types: 'news', last: 'e-1' }, { types: 'news,tides', last: '' }]);
    equal(r.calls.filter((call) => !call.startsWith('news')), ['fresh', 'live', 'resumed', 'live', 'fresh', 'live']);
    r.link.open([]);
    await r.step(100);
    equal([r.states.at(-1), r.server.open.length], ['idle', 0]);
    r.link.open(['news']);
    await r.step(2000);
    equal(r.states, ['connecting', 'live', 'idle', 'connecting', 'live']);
  }],
  ['latest: put away it holds nothing; it comes back with what it missed, or late with what stands', async () => {
    const r = await live();
    r.link.pause();
    r.link.pause();
    equal([r.server.open.length, r.states.at(-1)], [0, 'reconnecting']);
    r.server.print('news', 'b', 2);
    r.link.wake();
    await r.step(2000);
    equal(r.calls.slice(3), ['resumed', 'news e-2', 'live']);
    r.link.pause();
    await r.step(200_000);
    r.clock.wall += 200_000; // the machine slept
    r.link.wake();
    await r.step(2000);
    equal(r.calls.slice(6), ['fresh', 'news ', 'news ', 'live']);
  }],
  ['latest: woken again and again it asks once', async () => {
    const r = await live();
    await r.step(2000);
    for (let i = 0; i < 50; i++) r.link.wake({ force: true });
    await r.step(100);
    equal(r.server.asked.length, 2);
  }],
  ['latest: new snapshots are given ever more seldom', async () => {
    const r = await live();
    const times = [];
    for (let t = 0; t < 120_000; t += 100) {
      const n = r.server.asked.length;
      r.link.refresh();
      await r.step(100);
      if (r.server.asked.length > n) times.push(t);
    }
    equal(times.length < 12, true, `${times}`);
    equal(times.slice(1).every((t, i) => t - times[i] >= 900), true, `${times}`);
    equal(times.at(-1) - times.at(-2) >= 29_000, true, `${times}`);
  }],
  ['latest: which ways of sharing are tried', () => {
    equal(kinds('off'), ['direct']);
    equal(kinds('auto'), ['worker', 'locks', 'direct']);
    equal([kinds('worker'), kinds('locks'), kinds('nonsense')], [['worker'], ['locks'], ['worker', 'locks', 'direct']]);
  }],
  ['latest: a page is told when it should be loaded anew', async () => {
    const kept = new Map();
    const old = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
    Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, value: { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) } });
    try {
      const builds = [];
      const r = rig(['news'], { reload: (build) => builds.push(build), fetch: async () => ({ ok: true }) });
      await turn();
      await r.step(100);
      r.server.build = 'c';
      await r.step(40_000);
      equal(builds, ['c']);
    } finally {
      if (old) Object.defineProperty(globalThis, 'sessionStorage', old);
      else delete globalThis.sessionStorage;
    }
  }],
  ['subscribe: items decoded, current or new', async () => {
    const r = rig();
    const calls = [];
    const reading = subscribe('news, tides', {
      begin: (state) => calls.push(state),
      event: (topic, item, { id, snapshot }) => calls.push([topic, item.id ?? item, id, snapshot].join(' ')),
      live: () => calls.push('live'),
      retract: ({ key }) => calls.push(`retract ${key}`),
      state: (name) => calls.push(name),
    }, r.options);
    await turn();
    await r.step(100);
    r.server.log.push({ n: 2, topic: 'tides', key: '', text: 'high water' });
    r.server.retract('news', 'a');
    r.server.pump();
    equal(calls, ['connecting', 'fresh', 'news a  true', 'live', 'live', 'tides high water e-2 false', 'retract a']);
    reading.close();
    r.link.close();
    equal([r.server.open.length, r.clock.timers.length], [0, 0]);
  }],
  ['subscribe: all handlers may be left out', async () => {
    const r = rig();
    const reading = subscribe(['news'], {}, r.options);
    await turn();
    await r.step(100);
    reading.close();
  }],
];
