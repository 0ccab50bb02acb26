// Whom to pass the caller on to: shown above the bar when it is asked for, as things stand then. The desk lives on behind it,
// and it goes with the conversation.
(() => {
  'use strict';
  let box = null;

  function close() {
    const opener = document.querySelector('[data-pass]');
    if (box?.contains(document.activeElement)) opener?.focus();
    box?.remove();
    box = null;
    opener?.setAttribute('aria-expanded', 'false');
  }

  document.addEventListener('click', async (event) => {
    if (event.target.closest?.('[data-close]') && box?.contains(event.target)) return close();
    const opener = event.target.closest?.('[data-pass]');
    if (!opener) return;
    if (box) return close();
    // htmx puts the answer nowhere: a notice, where there is one, comes by itself.
    const answer = await fetch(opener.dataset.pass, { headers: { 'HX-Request': 'true' } }).catch(() => null);
    if (!answer?.ok || box || !document.contains(opener)) return;
    box = document.createElement('div');
    box.className = 'passing';
    box.innerHTML = await answer.text();
    document.body.append(box);
    htmx.process(box);
    opener.setAttribute('aria-expanded', 'true');
    document.dispatchEvent(new Event('cordboard:changed'));
    box.querySelector('form button:not([disabled]), select, input:not([type=hidden])')?.focus();
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && box) close();
  });

  // They have hung up, or are passed on.
  document.addEventListener('cordboard:changed', () => {
    if (box && !document.querySelector('[data-pass]')) close();
  });
})();
