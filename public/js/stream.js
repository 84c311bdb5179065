// One EventSource on GET /latest: listens to the events of the wire under their
// names and tells which ids are their own. It does not come back by itself once the
// browser has given it up; link.js sees to that. No DOM here.

const RESERVED = ['open', 'error', 'message'];
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

const parse = (text) => {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
};

/** The topic of a type: stock of stock.ACME. */
export const topicOf = (type) => type.split('.', 1)[0];

/**
 * What a stream is handed over to. own is the event's own id, '' if it has none; at is
 * the position after it, '' if none is known yet.
 *
 * @typedef {object} StreamHandlers
 * @property {(data: object) => void} stream
 * @property {(topic: string, text: string, own: string) => void} event
 * @property {(data: object, own: string) => void} retract
 * @property {(data: object, at: string) => void} live
 * @property {(data: object, at: string) => void} heartbeat
 * @property {(data: object) => void} bye
 * @property {(gone: boolean) => void} error gone: the browser does not try again by itself
 * @property {() => void} [before] anything was heard
 * @property {(at: string) => void} [after] anything was handled; at is the position after it, or ''
 */

export class Stream {
  #source;
  #handlers;
  #names = new Set(RESERVED); // event names it is listened to for
  #id = ''; // the source's lastEventId: an event that repeats it has no id of its own

  /**
   * Opens it at once.
   *
   * @param {typeof EventSource} Source
   * @param {string} url of GET /latest
   * @param {string[]} types
   * @param {string} last position to resume after, or ''
   * @param {StreamHandlers} handlers
   */
  constructor(Source, url, types, last, handlers) {
    const query = new URLSearchParams({ type: types.join(',') });
    if (last) query.set('last_event_id', last);
    this.#handlers = handlers;
    this.#source = new Source(`${url}${url.includes('?') ? '&' : '?'}${query}`);
    this.#source.onerror = () => {
      if (this.#source) handlers.error(this.#source.readyState === Source.CLOSED);
    };
    this.#listen('stream', (data) => {
      for (const topic of Array.isArray(data.topics) ? data.topics.slice(0, 500) : []) this.#listenTopic(topicOf(String(topic)));
      handlers.stream(data);
    });
    this.#listen('live', (data, own, at) => handlers.live(data, at));
    this.#listen('heartbeat', (data, own, at) => handlers.heartbeat(data, at));
    this.#listen('retract', (data, own) => handlers.retract(data, own));
    this.#listen('bye', (data) => handlers.bye(data));
    for (const type of types) this.#listenTopic(topicOf(type));
  }

  /** Ends it: nothing is handed over any more. */
  close() {
    this.#source?.close();
    this.#source = null;
  }

  #listenTopic(name) {
    if (NAME.test(name)) this.#listen(name, (text, own) => this.#handlers.event(name, text, own), true);
  }

  #listen(name, handle, raw = false) {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    const source = this.#source;
    source.addEventListener(name, (event) => {
      if (source !== this.#source) return;
      const at = event.lastEventId;
      const own = at === this.#id ? '' : at;
      this.#id = at;
      this.#handlers.before?.();
      handle(raw ? event.data : parse(event.data), own, at);
      if (source === this.#source) this.#handlers.after?.(at);
    });
  }
}
