// Keeps the screen awake. The lock is lost whenever the page is hidden, and taken again
// when it is seen.

export class Wake {
  #lock = null;
  #asking = false;

  constructor() {
    /** on, off, insecure (not on https or localhost), unsupported, refused. */
    this.state = 'off';
    if (!globalThis.isSecureContext) this.state = 'insecure';
    else if (!navigator.wakeLock) this.state = 'unsupported';
    else {
      document.addEventListener('visibilitychange', () => this.#take());
      this.#take();
    }
  }

  async #take() {
    if (document.hidden || this.#asking || this.#lock) return;
    this.#asking = true;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
      this.state = 'on';
      this.#lock.addEventListener('release', () => {
        this.#lock = null;
        this.state = 'off';
      }, { once: true });
    } catch {
      this.state = 'refused'; // a battery that is low, or a policy
    } finally {
      this.#asking = false;
    }
  }
}
