// Stands before all modules of a test page: clocks that can be moved on, and a count of
// what was started and not stopped.

(() => {
  let ahead = 0;
  const steady = performance.now.bind(performance);
  const wall = Date.now;
  performance.now = () => steady() + ahead;
  Date.now = () => wall() + ahead;
  globalThis.skew = (ms) => { ahead += ms; };

  const pending = { intervals: new Set(), timeouts: new Set(), frames: new Set() };
  const wrap = (start, stop, set, once) => {
    const [begin, end] = [globalThis[start].bind(globalThis), globalThis[stop].bind(globalThis)];
    globalThis[start] = (fn, ...rest) => {
      const id = begin((...args) => {
        if (once) set.delete(id);
        fn(...args);
      }, ...rest);
      set.add(id);
      return id;
    };
    globalThis[stop] = (id) => {
      set.delete(id);
      end(id);
    };
  };
  wrap('setInterval', 'clearInterval', pending.intervals, false);
  wrap('setTimeout', 'clearTimeout', pending.timeouts, true);
  wrap('requestAnimationFrame', 'cancelAnimationFrame', pending.frames, true);
  globalThis.pending = () => Object.fromEntries(Object.entries(pending).map(([name, set]) => [name, set.size]));

  // Frames as a machine of so many milliseconds a frame would have them.
  globalThis.pace = (ms) => {
    const frame = globalThis.requestAnimationFrame;
    let now = 0;
    globalThis.requestAnimationFrame = (fn) => frame(() => {
      now += ms;
      fn(now);
    });
  };

  let hidden = false;
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  globalThis.hide = (on) => {
    hidden = on;
    document.dispatchEvent(new Event('visibilitychange'));
  };
})();
