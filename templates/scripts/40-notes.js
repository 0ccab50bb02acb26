// Notes save as they are typed: half a second after the last key, when the field is left, and again after a loss.
(() => {
  'use strict';
  const PAUSE_MS = 500;
  const AGAIN_MS = 3000;
  const waiting = new Map();

  function later(form, ms) {
    clearTimeout(waiting.get(form.id));
    waiting.set(form.id, setTimeout(() => save(form), ms));
  }

  async function save(form) {
    clearTimeout(waiting.get(form.id));
    waiting.delete(form.id);
    const version = Math.max(Number(form.dataset.version) + 1, Math.round(window.cordboard.now()));
    form.dataset.version = version;
    const body = new URLSearchParams(new FormData(form));
    body.set('version', version);
    const says = form.querySelector('.saved');
    try {
      const answer = await fetch(form.dataset.note, { method: 'PUT', body, headers: { 'HX-Request': 'true' }, keepalive: true });
      const text = await answer.text();
      says.classList.toggle('late', !answer.ok);
      says.textContent = new DOMParser().parseFromString(text, 'text/html').body.textContent.trim();
      if (answer.status >= 500) later(form, AGAIN_MS);
    } catch {
      says.classList.add('late');
      later(form, AGAIN_MS);
    }
  }

  document.addEventListener('input', ({ target }) => {
    const form = target.closest('form[data-note]');
    if (form) later(form, PAUSE_MS);
  });
  document.addEventListener('focusout', ({ target }) => {
    const form = target.closest?.('form[data-note]');
    if (form && waiting.has(form.id)) save(form);
  });
  document.addEventListener('submit', (event) => {
    if (event.target.matches('form[data-note]')) event.preventDefault();
  });
  addEventListener('pagehide', () => {
    for (const id of [...waiting.keys()]) {
      const form = document.getElementById(id);
      if (form) save(form);
    }
  });
})();
