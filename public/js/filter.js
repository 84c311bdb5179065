// What tabs want and what a stream carries: types (news, stock.ACME, *), and
// positions on the tape. No DOM, no state.

import { topicOf } from './stream.js';

/** Bounds: types of one tab, and characters of the list in the address of a stream. */
export const LIMITS = Object.freeze({ types: 100, list: 4000 });

/** The types of a list or a text such as 'news,stock.ACME', sorted, each once; [] for none. */
export function typesOf(wish) {
  const types = (Array.isArray(wish) ? wish.join(',') : String(wish ?? '')).split(',').map((type) => type.trim()).filter(Boolean);
  return [...new Set(types)].slice(0, LIMITS.types).sort();
}

/** Whether a stream of these types carries all that is wanted; spec as in filter. */
export function covers(types, wanted, spec) {
  const has = new Set(types);
  const among = (topic) => has.has(topic) || (has.has('*') && spec(topic)?.public === true);
  return wanted.every((type) => has.has(type) || (type !== '*' && among(topicOf(type))));
}

/** The least list of types that covers all of these lists, sorted. */
export function union(lists) {
  const all = new Set(lists.flat());
  let types = [...all].filter((type) => topicOf(type) === type || !all.has(topicOf(type)));
  // Too long for an address: the topics of the longest lists of keys as a whole.
  while (types.join().length > LIMITS.list && types.some((type) => type.includes('.'))) {
    const counts = new Map();
    for (const type of types) if (type.includes('.')) counts.set(topicOf(type), (counts.get(topicOf(type)) ?? 0) + 1);
    const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    types = [...types.filter((type) => topicOf(type) !== most), most];
  }
  return types.sort();
}

/** Whether these types name single keys, which the events of a stream do not. */
export const hasKeys = (types) => types.some((type) => type.includes('.'));

/**
 * What of a stream of the types carried a tab wants.
 *
 * @param {string[]} types what it wants
 * @param {string[]} carried what the stream carries
 * @param {(topic: string) => ({key?: string, public?: boolean} | undefined)} spec the catalogue's entry
 * @returns {(topic: string, text: string, key?: string) => boolean} text: the event's data; key: if it is known already
 */
export function filter(types, carried, spec) {
  const has = new Set(types);
  return (topic, text, key) => {
    if (has.has(topic)) return true;
    // Beside * others may have named what is not public.
    if (has.has('*') && !(carried.includes(topic) && spec(topic)?.public === false)) return true;
    const mine = types.filter((type) => topicOf(type) === topic);
    if (mine.length === 0) return false;
    const foreign = carried.includes('*') || carried.some((type) => topicOf(type) === topic && !has.has(type));
    if (!foreign) return true;
    const of = key ?? keyOf(text, spec(topic)?.key);
    return of !== undefined && has.has(`${topic}.${of}`);
  };
}

// The server writes the key into its field where the publisher has left it out.
function keyOf(text, field) {
  if (!field) return undefined;
  try {
    const value = JSON.parse(text)?.[field];
    return value === undefined || value === null ? undefined : String(value);
  } catch {
    return undefined;
  }
}

/**
 * A place on the tape: ids are EPOCH-SEQUENCE, and rise within an epoch. The protocol
 * asks clients to take them as opaque; this one ships with its server.
 *
 * @param {string} id
 * @returns {{id: string, epoch: string, n: number} | null}
 */
export function place(id) {
  const parts = /^([a-z0-9]{1,31})-(\d{1,20})$/.exec(id);
  return parts && { id, epoch: parts[1], n: Number(parts[2]) };
}

/** Whether both are places of one log. */
export const comparable = (a, b) => Boolean(a && b && a.epoch === b.epoch);
