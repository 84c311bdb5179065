// What must be known of this server: who may read, and its topics. Asked when the page
// opens, when the link comes up, when the reader comes back to the page, and on request.

const PATIENCE = 5000; // ms for an answer
const MOST = 100; // topics that are offered

export class Server {
  #changed; #asking = null; #again = false;
  /** Origins that may read; null until the server has said so. */
  origins = null;
  /** Public topics as the server describes them; null until it has. */
  topics = null;
  /** It did not answer when it was asked last. */
  silent = false;

  /** changed() is called when anything was learnt. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Asks; once more after what is under way, which may have been answered before something changed. */
  ask() {
    if (this.#asking) this.#again = true;
    this.#asking ??= this.#learn().finally(() => {
      this.#asking = null;
      if (this.#again) this.ask();
    });
  }

  async #learn() {
    this.#again = false;
    const [settings, catalogue] = await Promise.allSettled(['/settings.json', '/topics'].map(read));
    const { origins } = settings.value ?? {};
    const { topics } = catalogue.value ?? {};
    this.silent = !Array.isArray(origins);
    if (!this.silent) this.origins = origins.filter((origin) => typeof origin === 'string');
    if (Array.isArray(topics)) this.topics = topics.filter((topic) => topic?.public && !topic.retired && typeof topic.name === 'string').slice(0, MOST);
    this.#changed();
  }
}

async function read(path) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${path}: status ${answer.status}`);
  return answer.json();
}
