// Words that are searched for: which items have all of them, and where. What is found is
// marked by the highlights of the browser, which need no element of their own.

import { summary } from '../items.js';

const WORDS = 10; // that are searched for at once
const FIELDS = ['title', 'text', 'source', 'summary', 'location', 'condition', 'symbol', 'company', 'name', 'message'];
const fold = (text) => text.toLocaleLowerCase().normalize('NFD').replace(/\p{M}/gu, '');

/** The words of a text, folded: case and accents do not count. */
export const wordsOf = (text) => fold(text).split(/\s+/).filter(Boolean).slice(0, WORDS);

/** Whether an item of a topic has all of the words. */
export function has(words, item) {
  if (words.length === 0) return true;
  const parts = [item.key, summary(item.data), ...FIELDS.map((field) => item.data[field])];
  const text = fold(parts.filter((part) => typeof part === 'string').join(' ').slice(0, 4000));
  return words.every((word) => text.includes(word));
}

/** Marks the words in the text of root; [] takes the marks away. */
export function mark(words, root) {
  if (!globalThis.CSS?.highlights) return;
  const ranges = [];
  const texts = words.length > 0 ? document.createTreeWalker(root, NodeFilter.SHOW_TEXT) : null;
  while (texts?.nextNode() && ranges.length < 500) {
    const node = texts.currentNode;
    const text = fold(node.data);
    if (text.length !== node.data.length) continue; // folding has moved the places
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set('found', new Highlight(...ranges));
}
