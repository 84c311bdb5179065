// When a page is loaded anew.

import { watchBuild } from '/js/reload.js';
import { FakeClock, equal } from './fakes.js';

// A watch whose server answers as answer() says; settle waits for what it has begun.
function rig(answer = () => ({ ok: true })) {
  const r = { clock: new FakeClock(), reloads: [], asked: [], kept: new Map() };
  r.storage = { getItem: (key) => r.kept.get(key) ?? null, setItem: (key, value) => r.kept.set(key, value) };
  r.watch = watchBuild({
    src: 'http://host/', clock: r.clock, storage: r.storage, reload: (build) => r.reloads.push(build),
    fetch: async (url) => {
      r.asked.push(String(url));
      return answer();
    },
  });
  r.settle = () => new Promise((resolve) => { setTimeout(resolve, 0); });
  return r;
}

export const checks = [
  ['reload: the same other build, told twice', async () => {
    const r = rig();
    for (const build of ['a', 'a', '', 'b', 'a', 'b', 'c', 'b']) r.watch.build(build);
    await r.settle();
    equal([r.reloads, r.asked], [[], []], 'flapping');
    r.watch.build('b');
    await r.settle();
    equal(r.reloads, ['b']);
    equal(r.asked, ['http://host/healthz']);
  }],
  ['reload: not while the server is away', async () => {
    let away = true;
    const r = rig(() => {
      if (away) throw new Error('away');
      return { ok: true };
    });
    for (const build of ['a', 'b', 'b', 'b']) r.watch.build(build);
    await r.settle();
    equal(r.reloads, []);
    away = false;
    r.watch.build('b');
    await r.settle();
    equal(r.reloads, ['b']);
    const sick = rig(() => ({ ok: false }));
    sick.watch.failed(5);
    await sick.settle();
    equal(sick.reloads, []);
  }],
  ['reload: it answers and does not stream', async () => {
    const r = rig();
    for (let n = 0; n < 5; n++) r.watch.failed(n);
    await r.settle();
    equal(r.asked, []);
    r.watch.failed(5);
    await r.settle();
    equal(r.reloads, ['']);
  }],
  ['reload: once in ten minutes, also over a reload', async () => {
    const r = rig();
    r.watch.failed(5);
    await r.settle();
    const again = () => {
      const watch = watchBuild({ src: 'http://host/', clock: r.clock, storage: r.storage, reload: (build) => r.reloads.push(build), fetch: async () => ({ ok: true }) });
      for (const build of ['a', 'b', 'b']) watch.build(build);
    };
    again();
    await r.settle();
    equal(r.reloads, ['']);
    r.clock.wall += 600_000;
    again();
    await r.settle();
    equal(r.reloads, ['', 'b']);
  }],
  ['reload: never where it cannot be counted', async () => {
    const r = rig();
    r.storage.getItem = () => { throw new Error('forbidden'); };
    r.watch.failed(5);
    await r.settle();
    equal(r.reloads, []);
  }],
];
