// A reader as its hub sees it, and what the two say to each other.

/**
 * A tab, or a part of a page. It receives from the hub
 *   {op: 'state', name, silence, failures}, {op: 'begin', state, data}, {op: 'event', topic, text, id},
 *   {op: 'retract', data, id}, {op: 'live', data, id}, {op: 'heartbeat', data, id}, {op: 'failed', failures}: as in
 *   LinkSink, and with the number n of the open that they answer;
 *   {op: 'ping'}, and {op: 'lost', away}: it was silent and is not known any more, for so many ms
 * and sends
 *   {op: 'open', n, types, last, ok}: reads these types after last ('': from a snapshot); ok: they were accepted before
 *   {op: 'wake', force}, {op: 'pong'}, {op: 'leave'}
 */
export class Port {
  n = 0;
  types = [];
  wants = () => false;
  place = null; // after the last event it was given
  last = ''; // its place as an id, which may be of another log
  attached = false;
  awaits = false; // it was told that a stream begins, and not yet that it is live
  caught = false; // it has caught up since it opened
  ok = false; // the server has taken its types
  told = ''; // the state that it was told last
  retryAt = 0; // not to catch up before
  refusals = 0;
  pings = 0; // without an answer
  left = 0; // when it was dropped or left, by the steady clock

  constructor(send) { this.send = send; }

  move(place) {
    this.place = place;
    this.last = place.id;
  }

  post(op, more) { this.send({ op, n: this.n, ...more }); }

  tell(name, silence, failures) {
    if (name === this.told) return;
    this.told = name;
    this.post('state', { name, silence, failures });
  }
}
