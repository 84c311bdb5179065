// The hub: one stream for many readers, and each is given all of its own, once.

import { BOUNDS, Hub } from '/js/hub.js';
import { FakeClock, equal } from './fakes.js';
import { FakeServer, Reader } from './fakeserver.js';

function rig() {
  const r = { server: new FakeServer(), clock: new FakeClock(), i: 0 };
  r.hub = new Hub({ url: 'http://host/latest', EventSource: r.server.Source, clock: r.clock, random: () => 0.5, fetch: r.server.topics });
  r.reader = (...types) => {
    const reader = new Reader(r.hub, r.server);
    reader.open(types);
    return reader;
  };
  r.step = async (ms) => {
    for (let t = 0; t < ms; t += 100) {
      if (r.clock.ms % 15_000 === 0) r.server.beat();
      r.server.pump();
      r.clock.step(100);
      await null; // the catalogue comes by promises
      await null;
      await null;
      await null;
    }
    r.server.pump();
  };
  r.print = (n = 1) => {
    for (let end = r.i + n; r.i < end; r.i++) {
      r.server.print('news', `n${r.i}`, r.i);
      r.server.print('stock', ['A', 'B', 'C'][r.i % 3], r.i);
      r.server.print('tides', '', r.i);
      r.server.print('secret', '', r.i);
    }
  };
  r.print(5);
  return r;
}

// A random number generator with a seed, so that a failure comes again.
function random(seed) {
  let s = seed * 2654435761 >>> 0 || 1;
  return (n) => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) % n;
  };
}

const WISHES = [['news'], ['stock'], ['news', 'stock'], ['stock.A'], ['stock.A', 'stock.B'], ['*'], ['tides'], ['secret'], ['news', 'secret', 'stock.C']];

// Joins, leaves, growing wishes, frozen tabs, cuts, wipes and a flow of events, in any order.
async function storm(seed) {
  const r = rig();
  const pick = random(seed);
  const readers = [];
  for (let i = 0; i < 80; i++) {
    const reader = readers[pick(readers.length || 1)];
    const what = pick(12);
    if (what < 3 && readers.length < 6) readers.push(r.reader(...WISHES[pick(WISHES.length)]));
    else if (what === 3 && reader) reader.open(WISHES[pick(WISHES.length)]);
    else if (what === 4 && reader) readers.splice(readers.indexOf(reader), 1)[0].leave();
    else if (what === 5 && reader) {
      reader.leave();
      if (pick(2)) r.print(2);
      reader.open(reader.types, false);
    } else if (what === 6) r.server.cut();
    else if (what === 7 && pick(4) === 0) r.server.wipe();
    else if (what === 7 && pick(3) === 0) r.server.expired = Math.max(r.server.expired, r.server.log.length - 3);
    else if (what === 8) r.server.retract('news', `n${r.i - 1}`);
    else r.print(1 + pick(3));
    if (pick(3)) r.server.pump(pick(6));
    if (pick(3) === 0) await r.step(100 * (1 + pick(8)));
  }
  await r.step(90_000);
  for (const reader of readers) reader.check();
  if (readers.length > 0) equal(r.server.open.length, 1, 'streams');
  equal(r.server.most <= 2, true, 'a stream and a catch-up');
}

export const checks = [
  ['hub: the first reader has the stream, and nothing else is asked', async () => {
    const r = rig();
    const a = r.reader('news', 'stock');
    await r.step(1000);
    r.print(3);
    await r.step(1000);
    a.check();
    equal(r.server.asked, [{ types: 'news,stock', last: '' }]);
    equal([a.begins, a.states], [['fresh'], ['connecting', 'live']]);
  }],
  ['hub: who wants what is carried catches up, and the stream stays as it is', async () => {
    const r = rig();
    const a = r.reader('news', 'stock');
    await r.step(1000);
    r.print(3);
    const b = r.reader('stock');
    r.print(2);
    await r.step(1000);
    r.print(2);
    await r.step(1000);
    for (const reader of [a, b]) reader.check();
    equal(r.server.asked, [{ types: 'news,stock', last: '' }, { types: 'stock', last: '' }]);
    equal([a.begins, b.begins, b.states], [['fresh'], ['fresh'], ['live']]);
    equal(r.server.open.length, 1);
  }],
  ['hub: seven tabs that come at once', async () => {
    const r = rig();
    const readers = WISHES.slice(0, 7).map((types) => r.reader(...types));
    await r.step(500);
    r.print(20);
    await r.step(10_000);
    r.print(5);
    await r.step(1000);
    for (const reader of readers) {
      reader.check();
      equal(reader.begins, ['fresh']);
    }
    equal([r.server.open.length, r.server.most], [1, 2]);
  }],
  ['hub: a wish for more grows the union, in a flow of events, and the others notice nothing', async () => {
    const r = rig();
    const a = r.reader('news');
    await r.step(1000);
    const b = r.reader('tides', 'weather');
    for (let i = 0; i < 20; i++) {
      r.print(1);
      await r.step(100);
    }
    for (const reader of [a, b]) reader.check();
    equal([a.begins, a.lives, a.states], [['fresh'], 1, ['connecting', 'live']]);
    equal(r.server.asked.at(-1).types, 'news,tides,weather');
    equal(r.server.asked.length, 3);
    equal(r.server.open.length, 1);
  }],
  ['hub: several wishes are one opening', async () => {
    const r = rig();
    const a = r.reader('news');
    await r.step(2000);
    const more = [r.reader('stock'), r.reader('tides'), r.reader('weather')];
    await r.step(3000);
    r.print(1);
    await r.step(100);
    for (const reader of [a, ...more]) reader.check();
    equal(r.server.asked.filter(({ types }) => types.includes('news')).map(({ types }) => types), ['news', 'news,stock,tides,weather']);
  }],
  ['hub: keys are told apart', async () => {
    const r = rig();
    const readers = [r.reader('stock.A'), r.reader('stock'), r.reader('stock.B', 'news'), r.reader('*')];
    for (let i = 0; i < 30; i++) {
      r.print(1);
      await r.step(200);
    }
    for (const reader of readers) reader.check();
    equal(r.server.open.length, 1);
  }],
  ['hub: what nobody wants any more goes, but later', async () => {
    const r = rig();
    const a = r.reader('news');
    const b = r.reader('stock');
    await r.step(3000);
    b.leave();
    const n = r.server.asked.length;
    await r.step(50_000);
    equal(r.server.asked.length, n);
    await r.step(40_000);
    equal(r.server.asked.slice(n).map(({ types }) => types), ['news']);
    r.print(1);
    await r.step(100);
    a.check();
    equal(a.begins, ['fresh']);
    a.leave();
    equal(r.server.open.length, 0);
  }],
  ['hub: a tab that comes back within the memory asks the server nothing', async () => {
    const r = rig();
    const a = r.reader('news', 'stock');
    const b = r.reader('news');
    await r.step(3000);
    b.leave();
    r.print(5);
    await r.step(1000);
    const n = r.server.asked.length;
    b.open(['news'], false);
    await r.step(1000);
    for (const reader of [a, b]) reader.check();
    equal(b.begins, ['fresh', 'resumed']);
    equal(r.server.asked.length, n);
  }],
  ['hub: a tab that comes back after a long time catches up', async () => {
    const r = rig();
    const a = r.reader('news');
    const b = r.reader('news');
    await r.step(3000);
    b.leave();
    r.print(2000);
    await r.step(1000);
    b.open(['news'], false);
    await r.step(1000);
    for (const reader of [a, b]) reader.check();
    equal(b.begins, ['fresh', 'resumed']);
    equal(r.server.asked.length, 2 + (r.server.asked.length - 2));
    equal(a.begins, ['fresh']);
  }],
  ['hub: one mistaken wish keeps nobody away', async () => {
    for (const wishes of [[['news'], ['sport'], ['stock']], [['sport'], ['news'], ['stock']], [['sport'], ['sport.x'], ['news']]]) {
      const r = rig();
      const readers = wishes.map((types) => r.reader(...types));
      await r.step(40_000);
      r.print(3);
      await r.step(1000);
      for (const reader of readers) {
        if (reader.types[0].startsWith('sport')) equal(reader.states.at(-1), 'offline', String(wishes));
        else reader.check();
      }
    }
  }],
  ['hub: a topic that ceases to be takes only its readers with it', async () => {
    const r = rig();
    const a = r.reader('news');
    const b = r.reader('tides');
    await r.step(5000);
    const key = FakeServer.KEYS.tides;
    try {
      delete FakeServer.KEYS.tides;
      r.server.cut();
      await r.step(60_000);
      r.server.print('news', 'x', 1);
      await r.step(1000);
      a.check();
      equal(b.states.at(-1), 'offline');
    } finally {
      FakeServer.KEYS.tides = key;
    }
  }],
  ['hub: cut, all are told and resume; another log, all are reset', async () => {
    const r = rig();
    const readers = [r.reader('news'), r.reader('stock', 'news')];
    await r.step(3000);
    r.server.down = true;
    r.server.cut();
    r.print(4);
    await r.step(40_000);
    for (const reader of readers) equal(reader.states.slice(-2), ['reconnecting', 'offline']);
    r.server.down = false;
    await r.step(40_000);
    for (const reader of readers) {
      reader.check();
      equal(reader.begins, ['fresh', 'resumed']);
    }
    r.server.wipe();
    r.print(2);
    await r.step(5000);
    for (const reader of readers) {
      reader.check();
      equal(reader.begins, ['fresh', 'resumed', 'reset']);
    }
  }],
  ['hub: a new hub takes readers from wherever they are', async () => {
    const r = rig();
    const old = [r.reader('news'), r.reader('stock', 'news'), r.reader('tides')];
    await r.step(3000);
    r.print(2);
    r.server.pump(3); // some are further than others
    const { asked } = r.server;
    const n = asked.length;
    r.hub.close();
    equal(r.server.open.length, 0);
    r.hub = new Hub({ url: 'http://host/latest', EventSource: r.server.Source, clock: r.clock, random: () => 0.5, fetch: r.server.topics });
    for (const reader of old) {
      reader.send = r.hub.join((message) => reader.receive(message));
      reader.open(reader.types, false);
    }
    r.print(3);
    await r.step(5000);
    for (const reader of old) {
      reader.check();
      equal(reader.begins, ['fresh', 'resumed']);
    }
    equal(asked.slice(n).every(({ last }) => last !== ''), true, 'all resumed');
  }],
  ['hub: silent readers are dropped, and come back when they speak', async () => {
    const r = rig();
    const a = r.reader('news');
    const b = r.reader('news');
    await r.step(3000);
    b.deaf = true;
    await r.step(10_000 * (BOUNDS.pings + 2));
    equal(r.hub.size, 1);
    r.print(3);
    await r.step(1000);
    b.deaf = false;
    b.send({ op: 'wake' });
    await r.step(1000);
    for (const reader of [a, b]) reader.check();
    equal(r.hub.size, 2);
  }],
  ['hub: no more than so many readers', () => {
    const r = rig();
    for (let i = 0; i < BOUNDS.ports + 10; i++) r.reader('news');
    equal(r.hub.size, BOUNDS.ports);
  }],
  ['hub: closed, it leaves no timer', async () => {
    const r = rig();
    r.reader('news');
    r.reader('stock');
    await r.step(1000);
    r.reader('sport');
    await r.step(300);
    r.hub.close();
    equal([r.clock.timers.length, r.server.open.length], [0, 0]);
  }],
  ['hub: nothing is lost and nothing comes twice, whatever happens', async () => {
    for (let seed = 1; seed <= 80; seed++) {
      try {
        await storm(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error.stack}`);
      }
    }
  }],
];
