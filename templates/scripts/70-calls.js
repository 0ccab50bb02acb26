// Pieces that show calls which are not over: asked for anew when the stream names their call. `*`: any call; `+`: any
// change of one's own, for who is told of no others.
(() => {
  'use strict';
  const EVERY_MS = 1000;
  const asked = new Map();

  async function ask(piece) {
    const address = piece.dataset.piece;
    const last = asked.get(address) || { at: 0, later: 0 };
    clearTimeout(last.later);
    const wait = last.at + EVERY_MS - Date.now();
    if (wait > 0) {
      asked.set(address, { ...last, later: setTimeout(() => ask(piece), wait) });
      return;
    }
    asked.set(address, { at: Date.now(), later: 0 });
    try {
      const answer = await fetch(address, { headers: { 'HX-Request': 'true' } });
      if (answer.ok) window.cordboard.put(await answer.text());
    } catch {
      // The next change asks again; that the page is not live is said elsewhere.
    }
  }

  const pieces = () => document.querySelectorAll('[data-moved][data-piece]');
  document.addEventListener('cordboard:moved', ({ detail }) => {
    for (const piece of pieces()) {
      const call = piece.dataset.moved;
      if (call === '*' || detail.includes('*') || detail.includes(call)) ask(piece);
    }
  });
  document.addEventListener('cordboard:mine', () => {
    for (const piece of pieces()) if (piece.dataset.moved === '+' || piece.dataset.moved === '*') ask(piece);
  });
})();
