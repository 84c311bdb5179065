// The largest type in which a text fits its box. Asks for the layout: once a text, not
// once a frame.

const SIZES = 6; // data-size 0 is the largest, see kiosk.css

/** Sets data-size of box, so that all of it fits; hides more, and then cuts title, if it must. */
export function fit(box, title, more) {
  title.style.removeProperty('--lines');
  more.hidden = more.textContent === '';
  const tries = more.hidden ? [[true, SIZES]] : [[false, SIZES - 3], [true, SIZES]];
  for (const [hidden, sizes] of tries) {
    more.hidden = hidden;
    for (let size = 0; size < sizes; size++) {
      box.dataset.size = String(size);
      if (box.scrollHeight <= box.clientHeight + 1) return;
    }
  }
  const height = parseFloat(getComputedStyle(title).lineHeight) || 1;
  const over = box.scrollHeight - box.clientHeight;
  title.style.setProperty('--lines', String(Math.max(1, Math.floor((title.offsetHeight - over) / height))));
}
