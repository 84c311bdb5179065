// What was written here and is not on the tape yet. Every message has a key of its own
// (Idempotency-Key), so that trying again never says it twice.

import { t } from '../page.js';

const TIME = 10_000; // ms for an answer
const MOST = 20; // messages that wait

const wordsOf = ({ time, name = '', text }) => JSON.stringify([time, name, text]);
const unique = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * A message that waits: {key, data, state, reason, id}. state is sending, sent (the
 * server has it; it is about to arrive) or failed; id is that of its event.
 */
export class Sender {
  #url; #changed;
  #until = 0; // by the steady clock: the server takes nothing before
  #came = []; // ids that arrived before the answer to their request, the newest

  /** Publishes to url. changed() is called when a message is another. */
  constructor(url, changed) {
    this.#url = url;
    this.#changed = changed;
    this.messages = [];
    /** Why nothing can be sent at all, or ''. */
    this.problem = '';
  }

  /** Seconds until the server takes another message. */
  get wait() { return Math.max(0, Math.ceil((this.#until - performance.now()) / 1000)); }

  /** Whether so many wait that no more are taken. */
  get full() { return this.messages.length >= MOST; }

  /** A new message; now is the server's time. */
  message(name, text, now) {
    const data = { ...(name && { name }), text, time: new Date(now).toISOString() };
    return { key: `mine ${unique()}`, data, state: 'sending', reason: '', id: '' };
  }

  /** Sends a message, or sends it again. */
  async send(message) {
    if (!this.messages.includes(message)) this.messages.push(message);
    message.state = 'sending';
    this.#changed();
    const reason = await this.#post(message);
    message.state = reason ? 'failed' : 'sent';
    message.reason = reason;
    if (this.#came.includes(message.id)) this.#drop(message);
    this.#changed();
  }

  async #post(message) {
    try {
      const answer = await fetch(this.#url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': message.key.replace(' ', '-') },
        body: JSON.stringify(message.data),
        signal: AbortSignal.timeout(TIME),
      });
      const told = await answer.json().catch(() => ({}));
      return this.#judge(answer, told, message);
    } catch {
      return t('chat.unreachable');
    }
  }

  #judge(answer, told, message) {
    if (answer.ok) {
      this.problem = '';
      [message.id = ''] = Array.isArray(told.ids) ? told.ids : [];
      return '';
    }
    switch (answer.status) {
      case 429: {
        const seconds = Number(answer.headers.get('Retry-After')) || 1;
        this.#until = performance.now() + seconds * 1000;
        return t('chat.fast');
      }
      case 401: case 403: case 404:
        this.problem = t('chat.closed');
        return t('chat.closed');
      case 413: case 422: case 400:
        return t('chat.refused', { reason: String(told.detail ?? told.title ?? answer.status).slice(0, 200) });
      default:
        return t('chat.unreachable');
    }
  }

  /** Takes an item that came live. Returns whether it is one of ours, which then waits no more. */
  arrived({ id }) {
    if (!id) return false;
    this.#came = [id, ...this.#came].slice(0, MOST);
    const message = this.messages.find((one) => one.id === id);
    if (message) this.#drop(message);
    return message !== undefined;
  }

  /** The link has caught up: what the server has is on the tape, or already behind it. */
  caughtUp() { this.messages = this.messages.filter(({ state }) => state !== 'sent'); }

  /** Drops what is among the items that are shown, though no answer told so. A snapshot's have no ids. */
  settle(items) {
    if (this.messages.length === 0) return;
    const there = new Set(items.map(({ data }) => wordsOf(data)));
    this.messages = this.messages.filter(({ data }) => !there.has(wordsOf(data)));
  }

  #drop(message) { this.messages = this.messages.filter((one) => one !== message); }
}
