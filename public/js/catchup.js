// A catch-up: a short stream beside the hub's own, from nothing or from where its ports
// were, up to live. The ports, who want the same, are given it as it comes.

import { Stream } from './stream.js';
import { place } from './filter.js';

const AGAIN = 1000; // ms to the next attempt, unless the server wishes otherwise

export class CatchUp {
  #stream; #timer; #clock;

  /** Those whom it is for; none when it is over. */
  ports;

  /**
   * Begins at once.
   *
   * @param {import('./hub.js').HubOptions} options
   * @param {import('./port.js').Port[]} ports of the same types and place
   * @param {{done: () => void, failed: (pause: number, refused: boolean) => void}} ends one of them is called, once, and ends it
   */
  constructor({ EventSource: Source = globalThis.EventSource, url, clock, timing }, ports, { done, failed }) {
    this.ports = ports;
    this.#clock = clock;
    this.#timer = clock.setTimeout(() => failed(AGAIN, false), timing.connect);
    this.#stream = new Stream(Source, url, ports[0].types, ports[0].last, {
      stream: (data) => {
        if (data.state !== 'resumed') for (const port of this.ports) Object.assign(port, { last: '', place: null });
        this.#post('begin', { state: data.state, data }, '');
      },
      event: (topic, text, id) => this.#post('event', { topic, text, id }, id),
      retract: (data, id) => this.#post('retract', { data, id }, id),
      live: (data, at) => {
        const here = place(at);
        for (const port of this.ports) {
          if (here) port.move(here);
          port.post('live', { data, id: port.last });
        }
        done();
      },
      heartbeat: () => {},
      bye: (data) => failed(Number(data.retry_ms) || AGAIN, false),
      error: (gone) => failed(AGAIN, gone),
    });
  }

  /** Ends it, or only takes that port out of it. Returns whether it is over. */
  end(port) {
    this.ports = port ? this.ports.filter((other) => other !== port) : [];
    if (this.ports.length > 0) return false;
    this.#stream?.close();
    this.#clock.clearTimeout(this.#timer);
    return true;
  }

  #post(op, more, id) {
    const here = place(id);
    for (const port of this.ports) {
      port.post(op, more);
      if (here) port.move(here);
    }
  }
}
