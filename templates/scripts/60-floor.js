// The floor: every tile is on the page, and what the address bar does not ask for is hidden, so that one which comes to
// fit is there at once. A click shows the agent beside the tiles.
(() => {
  'use strict';
  const floor = document.getElementById('floor');

  function filter() {
    const queue = floor.dataset.onlyQueue;
    const state = floor.dataset.onlyState;
    const serves = (element) => !queue || (element.dataset.q || '').split(' ').includes(queue);
    const counts = new Map();
    let shown = 0;
    for (const tile of floor.querySelectorAll('.tile')) {
      const mine = serves(tile);
      const is = tile.dataset.state;
      if (mine) counts.set(is, (counts.get(is) || 0) + 1);
      tile.hidden = !mine || (state ? state !== 'all' && is !== state : is === 'away');
      if (!tile.hidden) shown += 1;
    }
    const none = floor.querySelector('.tiles .none');
    if (none) none.hidden = shown > 0;
    for (const row of floor.querySelectorAll('.rows .row[data-q], .waiters[data-q]')) row.hidden = !serves(row);
    if (!queue) return;
    // Of one queue the server does not count for everybody.
    let there = 0;
    for (const chip of floor.querySelectorAll('.chip[data-state]')) {
      const is = chip.dataset.state;
      if (is === 'there') continue;
      if (is !== 'away') there += counts.get(is) || 0;
      chip.querySelector('b').textContent = counts.get(is) || 0;
    }
    floor.querySelector('#n-there').textContent = there;
  }

  if (floor) {
    filter();
    document.addEventListener('cordboard:changed', filter);
    document.addEventListener('htmx:after:swap', filter);
  }

  // A choice is asked for at once; the button is for who has no scripts.
  for (const field of document.querySelectorAll('select[data-submit]')) {
    field.addEventListener('change', () => field.form.requestSubmit());
    const button = field.form.querySelector('button:not([name])');
    if (button && floor) button.hidden = true;
  }

  let beside = null;

  function close() {
    beside?.close();
  }

  document.addEventListener('click', async (event) => {
    const tile = event.target.closest?.('a.tile');
    if (!tile || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    let text;
    try {
      const answer = await fetch(tile.href, { headers: { 'HX-Request': 'true' } });
      if (!answer.ok) throw new Error(String(answer.status));
      text = await answer.text();
    } catch {
      location.href = tile.href;
      return;
    }
    close();
    beside = document.createElement('dialog');
    beside.className = 'beside';
    beside.innerHTML = text;
    beside.addEventListener('close', () => beside.remove());
    beside.addEventListener('click', ({ target }) => { if (target === beside) close(); });
    document.body.append(beside);
    htmx.process(beside);
    beside.showModal();
    document.dispatchEvent(new Event('cordboard:changed'));
  });

  // Done: the tile says so. A refusal stays, in the dialog's own place for it.
  document.addEventListener('htmx:after:request', ({ detail }) => {
    if (beside?.open && detail.ctx?.sourceElement && beside.contains(detail.ctx.sourceElement) && detail.ctx.response?.status < 400) close();
  });
})();
