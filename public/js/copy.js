// Copying a text: the clipboard where the page may use it, the old way where it may not
// (http from another machine).

import { make, set } from './dom.js';
import { t } from './page.js';

const SAID = 2000; // ms that a button says that it has copied

/** A button that copies what text() returns; node is what shows it. */
export function copyButton(node, text) {
  const button = make('button', 'button small', t('action.copy'));
  button.type = 'button';
  let timer;
  button.addEventListener('click', async () => {
    if (!await copy(node, text())) return;
    set(button, t('action.copied'));
    clearTimeout(timer);
    timer = setTimeout(() => set(button, t('action.copy')), SAID);
  });
  return button;
}

async function copy(node, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand('copy');
  }
}
