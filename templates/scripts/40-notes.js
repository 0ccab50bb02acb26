// Notes save as they are typed: half a second after the last key, when the field is left, and again after a loss. What
// is not saved yet outlives a reload and a login, in this tab; the browser's other tabs show what is typed here.
(() => {
  'use strict';
  const PAUSE_MS = 500;
  const AGAIN_MS = 3000;
  const waiting = new Map();
  const channel = new BroadcastChannel('cordboard-notes');
  const fields = (form) => Object.fromEntries(new FormData(form));
  const draft = (id) => `cordboard:${document.body.dataset.who}:${id}`;

  function fill(form, values, version) {
    form.dataset.version = version;
    for (const [name, value] of Object.entries(values)) {
      if (form.elements[name]) form.elements[name].value = value;
    }
  }

  function later(form, ms) {
    clearTimeout(waiting.get(form.id));
    waiting.set(form.id, setTimeout(() => save(form), ms));
  }

  // Each change is newer than the one before it, whichever tab it was typed in.
  function changed(form) {
    const version = Math.max(Number(form.dataset.version) + 1, Math.round(window.cordboard.now()));
    form.dataset.version = version;
    const values = fields(form);
    sessionStorage.setItem(draft(form.id), JSON.stringify({ values, version }));
    channel.postMessage({ id: form.id, values, version });
    later(form, PAUSE_MS);
  }

  // `leaving`: the page goes, and what is sent goes on without it (64 KiB at most, as browsers have it).
  async function save(form, leaving = false) {
    clearTimeout(waiting.get(form.id));
    waiting.delete(form.id);
    const { version } = form.dataset;
    const says = form.querySelector('.saved');
    const failed = (text) => {
      says.classList.add('late');
      says.textContent = text || says.dataset.not;
    };
    try {
      const body = new URLSearchParams({ ...fields(form), version });
      const answer = await fetch(form.dataset.note, { method: 'PUT', body, headers: { 'HX-Request': 'true' }, keepalive: leaving });
      const text = new DOMParser().parseFromString(await answer.text(), 'text/html').body.textContent.trim();
      if (answer.ok) {
        says.classList.remove('late');
        says.textContent = text;
        if (form.dataset.version === version) sessionStorage.removeItem(draft(form.id));
        return;
      }
      if (answer.status >= 500) {
        failed();
        later(form, AGAIN_MS);
      } else failed(text);
    } catch {
      failed();
      later(form, AGAIN_MS);
    }
  }

  // What was typed and not saved, before a reload or before a session ended.
  function recover() {
    for (const form of document.querySelectorAll('form[data-note]')) {
      const kept = sessionStorage.getItem(draft(form.id));
      if (!kept || waiting.has(form.id) || form.contains(document.activeElement)) continue;
      const { values, version } = JSON.parse(kept);
      if (version <= Number(form.dataset.version)) continue;
      fill(form, values, version);
      save(form);
    }
  }

  channel.addEventListener('message', ({ data: { id, values, version } }) => {
    const form = document.getElementById(id);
    if (form && version > Number(form.dataset.version)) fill(form, values, version);
  });
  document.addEventListener('input', ({ target }) => {
    const form = target.closest('form[data-note]');
    if (form) changed(form);
  });
  // What chooses for somebody (a voice, a form filled in by the browser) may tell of the change alone.
  document.addEventListener('change', ({ target }) => {
    const form = target.closest('form[data-note]');
    if (form && target.matches('select')) changed(form);
  });
  document.addEventListener('focusout', ({ target }) => {
    const form = target.closest?.('form[data-note]');
    if (form && waiting.has(form.id)) save(form);
  });
  document.addEventListener('submit', (event) => {
    if (event.target.matches('form[data-note]')) event.preventDefault();
    // Who logs out leaves nothing behind.
    if (event.target.matches('form[action="/logout"]')) sessionStorage.clear();
  });
  addEventListener('pagehide', () => {
    for (const id of [...waiting.keys()]) {
      const form = document.getElementById(id);
      if (form) save(form, true);
    }
  });
  recover();
})();
