// Whether what is built will work where it is put: which page it is for, whether this
// server lets that page read, whether browsers let it. No DOM here.

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST = /^([\w.-]+|\[[0-9a-f:.]+\])$/; // browsers let more stand in an address, but no server has such a name
const LOCAL = /^(localhost|[^/]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i;

/** Whether an address is of the computer itself: nobody else reaches it, and browsers trust it as they do https. */
export const isLocal = (address) => LOCAL.test(new URL(address).hostname);

/** The origin of the page that a text names, as browsers send it; undefined if it names none. */
export function originOf(text) {
  const bare = text.trim();
  try {
    const url = new URL(SCHEME.test(bare) ? bare : `https://${bare}`);
    if (!SCHEME.test(bare) && LOCAL.test(url.hostname)) url.protocol = 'http:';
    if (url.protocol === 'file:') return 'file:';
    return /^https?:$/.test(url.protocol) && HOST.test(url.hostname) ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is to be said of a page, site being what was typed:
 *
 *   all      pages of every origin may read         works
 *   named    its origin may read                    works
 *   own      it is a page of this server            works
 *   ask      nobody has said yet which page it is
 *   unknown  this server has not said yet who may read
 *   bad      that is no address of a page
 *   file     a page that is opened from a file has no origin that could be let in
 *   mixed    a page from https, and this server speaks http: browsers refuse that
 *   refused  this server does not let it read
 *
 * @param {string} site
 * @param {string} server this server's origin
 * @param {string[]|null} origins that may read, null if it is not known
 * @returns {{state: string, works: boolean, origin: string}}
 */
export function verdict(site, server, origins) {
  const any = origins?.includes('*') ?? false;
  const say = (state, origin = '') => ({ state, works: ['all', 'named', 'own'].includes(state), origin });
  if (site.trim() === '') return say(origins === null ? 'unknown' : any ? 'all' : 'ask');
  const origin = originOf(site);
  if (origin === undefined) return say('bad');
  if (origin === 'file:') return say('file');
  if (origin === server) return say('own', origin);
  if (origin.startsWith('https:') && server.startsWith('http:') && !isLocal(server)) return say('mixed', origin);
  if (origins === null) return say('unknown', origin);
  return say(any ? 'all' : origins.includes(origin) ? 'named' : 'refused', origin);
}

/** The names of what the reader should know though it works: local, wake, secure. */
export function notes(make, { state, origin }, server) {
  const local = isLocal(server);
  const plain = server.startsWith('http:');
  return [
    local && !(origin && isLocal(origin)) && 'local',
    make === 'kiosk' && plain && !local && 'wake',
    make !== 'kiosk' && state === 'all' && origin === '' && plain && !local && 'secure',
  ].filter(Boolean);
}

/** The option that lets an origin in beside those that may already, for the file and for the command line. */
export function remedy(origin, origins) {
  const all = [...new Set([...(origins ?? []), origin])];
  return { file: `cors_origins: [${all.map((one) => `"${one}"`).join(', ')}]`, flag: `--cors-origins ${all.join(',')}` };
}
