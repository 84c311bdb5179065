// The link and its supervisor: one stream, whatever happens to it.

import { TIMING } from '/js/link.js';
import { FakeSource, equal, live, rig } from './fakes.js';

export const checks = [
  ['link: opens one stream and says what it hears', () => {
    const r = rig();
    r.link.open(['news', 'stock.A.B']);
    equal(FakeSource.last.url.searchParams.get('type'), 'news,stock.A.B');
    equal(FakeSource.last.url.searchParams.has('last_event_id'), false);
    const s = FakeSource.last;
    s.say('stream', { state: 'fresh', time: '2026-11-20T09:00:00Z', topics: ['news', 'extra'] });
    s.say('news', 'a');
    s.say('extra', 'b');
    s.say('live', { time: 'x' }, 'e-7');
    s.say('stock', 'c', 'e-8');
    s.say('other', 'd', 'e-9');
    equal(r.calls, [Date.parse('2026-11-20T09:00:00Z'), 'fresh', 'news a ', 'extra b ', 'live', 'stock c e-8']);
    equal(r.states, ['connecting', 'live']);
    equal(r.link.lastId, 'e-8');
    equal(FakeSource.all.length, 1);
    equal(r.clock.made, 1, 'timers');
  }],
  ['link: given up by the browser, it comes back with the last id, ever more slowly', () => {
    const r = live();
    FakeSource.last.say('news', 'x', 'e-9');
    for (const want of [2000, 4000, 8000, 16000, 30000, 30000]) {
      const n = FakeSource.all.length;
      FakeSource.last.break(2);
      r.step(want - 600);
      equal(FakeSource.all.length, n, `before ${want} ms`);
      r.step(1200);
      equal(FakeSource.all.length, n + 1, `after ${want} ms`);
      equal(FakeSource.last.url.searchParams.get('last_event_id'), 'e-9');
    }
    FakeSource.last.start('resumed', 'e-12');
    FakeSource.last.break(2);
    r.step(2600);
    equal(FakeSource.last.url.searchParams.get('last_event_id'), 'e-12', 'the pause began anew');
    equal(r.states, ['connecting', 'live', 'reconnecting', 'offline', 'live', 'reconnecting']);
  }],
  ['link: the least pause is a second', () => {
    const r = rig(0);
    r.link.open(['news']);
    for (let i = 0; i < 5; i++) {
      const n = FakeSource.all.length;
      FakeSource.last.break(2);
      r.step(900);
      equal(FakeSource.all.length, n);
      r.step(700);
      equal(FakeSource.all.length, n + 1);
    }
  }],
  ['link: silence of two and a half heartbeats is quiet, and the stream is made again', () => {
    const r = live();
    r.step(15000);
    FakeSource.last.say('heartbeat', { time: '2026-11-20T09:00:15Z' }, 'e-20');
    r.step(37000);
    equal(r.states.at(-1), 'live');
    r.step(1500);
    equal(r.states.at(-1), 'quiet');
    equal(FakeSource.all.length, 2);
    equal(FakeSource.last.url.searchParams.get('last_event_id'), 'e-20', 'the bookmark');
    FakeSource.last.start('resumed', 'e-20');
    equal(r.states.at(-1), 'live');
  }],
  ['link: a heartbeat keeps it', () => {
    const r = live();
    for (let i = 0; i < 40; i++) {
      r.step(15000);
      FakeSource.last.say('heartbeat', { time: 'x' });
    }
    equal(FakeSource.all.length, 1);
    equal(r.states, ['connecting', 'live']);
  }],
  ['link: the browser may reconnect by itself, within reason', () => {
    const r = live();
    FakeSource.last.break(0);
    equal(r.states.at(-1), 'reconnecting');
    r.step(14000);
    equal(FakeSource.all.length, 1);
    r.step(1500);
    equal(FakeSource.open().length, 0, 'given up');
    r.step(2500);
    equal(FakeSource.all.length, 2);
    FakeSource.last.start('resumed');
    FakeSource.last.break(0);
    r.step(4000);
    FakeSource.last.start('resumed');
    equal(r.states.at(-1), 'live');
    equal(FakeSource.all.length, 2);
  }],
  ['link: what bye asks for is kept, even when woken', () => {
    const r = live();
    FakeSource.last.say('bye', { reason: 'overload', retry_ms: 60000 });
    FakeSource.last.break(0);
    r.step(2000);
    r.link.wake();
    r.step(57000);
    equal(FakeSource.all.length, 1);
    r.step(20000);
    equal(FakeSource.all.length, 2);
    FakeSource.last.start();
    FakeSource.last.say('bye', { reason: 'drain', retry_ms: 20000 });
    FakeSource.last.break(2);
    r.step(19000);
    equal(FakeSource.all.length, 2);
    r.step(1600);
    equal(FakeSource.all.length, 3);
  }],
  ['link: woken, it connects at once, but not in a storm, and not for nothing', () => {
    const r = live();
    r.link.wake();
    equal(FakeSource.all.length, 1, 'it is well');
    r.step(20000);
    r.link.wake();
    equal(FakeSource.all.length, 2, 'it was silent for long');
    for (let i = 0; i < 100; i++) r.link.wake();
    equal(FakeSource.all.length, 2, 'a storm');
    FakeSource.last.start();
    r.step(2000);
    r.link.wake({ force: true });
    equal(FakeSource.all.length, 3, 'another network');
    FakeSource.last.start();
    for (let i = 0; i < 5; i++) {
      FakeSource.last.break(2);
      r.step(40000);
    }
    FakeSource.last.break(2);
    const n = FakeSource.all.length;
    r.step(2000);
    equal(FakeSource.all.length, n);
    r.link.wake();
    equal(FakeSource.all.length, n + 1);
  }],
  ['link: woken while it waits for an answer it waits on; while the browser waits, it does not', () => {
    const r = rig();
    r.link.open(['news']);
    r.step(3000);
    r.link.wake();
    equal(FakeSource.all.length, 1);
    FakeSource.last.start();
    FakeSource.last.break(0);
    r.step(500);
    r.link.wake();
    equal(FakeSource.all.length, 2);
  }],
  ['link: after a sleep it does not wait for the watchdog', () => {
    const r = live();
    r.clock.wall += 3_600_000;
    r.step(600);
    equal(FakeSource.all.length, 2);
  }],
  ['link: put away it holds nothing, taken up again it resumes', () => {
    const r = live();
    r.step(5000);
    r.link.pause();
    equal(FakeSource.open().length, 0);
    r.step(100000);
    equal(FakeSource.all.length, 1);
    r.link.wake();
    equal(FakeSource.last.url.searchParams.get('last_event_id'), 'e-1');
  }],
  ['link: another choice is one stream, and a fast hand is not a storm', () => {
    const r = live();
    r.step(2000);
    for (let i = 0; i < 10; i++) {
      r.link.open([`news${i}`]);
      equal(FakeSource.open().length <= 1, true);
    }
    r.step(1600);
    equal(FakeSource.all.length, 3);
    equal(FakeSource.last.url.searchParams.get('type'), 'news9');
    equal(FakeSource.last.url.searchParams.has('last_event_id'), false);
    r.link.open([]);
    r.step(60000);
    equal(FakeSource.open().length, 0);
    equal(r.states.at(-1), 'idle');
    r.link.close();
    equal(r.clock.timers.length, 0);
  }],
  ['link: an unanswered connect is given up', () => {
    const r = rig();
    r.link.open(['news']);
    r.step(10500);
    equal(FakeSource.open().length, 0);
    r.step(2600);
    equal(FakeSource.all.length, 2);
    r.step(30000);
    equal(r.states, ['connecting', 'offline']);
  }],
  ['link: refresh asks for a snapshot', () => {
    const r = live();
    r.link.refresh();
    r.step(2600);
    equal(FakeSource.last.url.searchParams.has('last_event_id'), false);
  }],
  ['link: a late event of an old source is not heard', () => {
    const r = live();
    const old = FakeSource.last;
    r.step(2000);
    r.link.open(['stock']);
    const n = r.calls.length;
    old.say('news', 'ghost', 'e-99');
    equal(r.calls.length, n);
    equal(r.link.lastId, '');
  }],
  ['link: broken frames are not fatal', () => {
    const r = rig();
    r.link.open(['news']);
    FakeSource.last.say('stream', 'null');
    FakeSource.last.say('stream', '{"state":"fresh","topics":"x","heartbeat":"y"}');
    FakeSource.last.say('live', '{', 'e-1');
    equal(r.states.at(-1), 'live');
  }],
  ['times: as documented', () => equal([TIMING.backoffMin, TIMING.backoffMax, TIMING.quiet, TIMING.heartbeat], [1000, 30000, 2.5, 15000])],
];
