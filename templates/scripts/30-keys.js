// Keys for what is done fifty times a day. They act outside fields, or with Alt anywhere; what ends a call wants Alt
// always, so that no slip of typing does. `?` lists those of this page.
(() => {
  'use strict';

  for (const field of document.querySelectorAll('input[data-here]')) field.value = location.pathname + location.search;

  const writes = (element) => element.closest?.('input, textarea, select, [contenteditable]');

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing || event.repeat) return;
    if (event.key === 'Escape') {
      document.getElementById('notices')?.replaceChildren();
      for (const menu of document.querySelectorAll('details.menu[open]')) menu.open = false;
      return;
    }
    if (!event.altKey && writes(event.target)) return;
    if (event.key === '?') return list();
    const key = event.key.toLowerCase();
    for (const button of document.querySelectorAll('[data-key]')) {
      const wanted = button.dataset.key;
      const fits = wanted.startsWith('Alt+') ? event.altKey && wanted.slice(4) === key : wanted === key;
      if (fits && !button.disabled) {
        event.preventDefault();
        button.click();
        return;
      }
    }
  });

  function list() {
    const keys = [...document.querySelectorAll('[data-key]')].filter((button) => !button.disabled);
    const box = document.createElement('dialog');
    box.className = 'sheet keys';
    const table = document.createElement('table');
    for (const button of keys) {
      const row = table.insertRow();
      const kbd = document.createElement('kbd');
      kbd.textContent = button.dataset.key.replace('+', ' ').toUpperCase();
      row.insertCell().append(kbd);
      row.insertCell().textContent = button.textContent.trim();
    }
    box.append(table);
    box.addEventListener('close', () => box.remove());
    box.addEventListener('click', () => box.close());
    document.body.append(box);
    box.showModal();
  }

  // Shown beside the words, so that nobody has to look for them.
  function mark() {
    for (const button of document.querySelectorAll('button[data-key]:not(:has(kbd))')) {
      const kbd = document.createElement('kbd');
      kbd.textContent = button.dataset.key.replace('Alt+', 'Alt ').replace(/.$/, (last) => last.toUpperCase());
      kbd.setAttribute('aria-hidden', 'true');
      button.append(kbd);
    }
  }
  mark();
  document.addEventListener('cordboard:changed', mark);
  document.addEventListener('htmx:after:swap', mark);

  // A notice goes when the next thing works.
  document.addEventListener('htmx:after:request', ({ detail }) => {
    if (detail.ctx?.response?.status < 400) document.getElementById('notices')?.replaceChildren();
  });
})();
