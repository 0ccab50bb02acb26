// The grid of skills: arrow keys move, digits are saved as they are typed, a column is pasted from a spreadsheet. Each cell
// goes with what stood there when it was seen, so that nobody overwrites what somebody else has just typed.
(() => {
  'use strict';
  const grid = document.querySelector('table[data-grid]');
  if (!grid) return;
  const PAUSE_MS = 700; // a 1 may become a 10
  const AGAIN_MS = 3000;
  const MOST = 200; // cells of one request, as the server has it
  const says = document.getElementById('grid-says');
  const waiting = new Map();
  let busy = false;
  let timer = 0;

  const good = (text) => /^(|[1-9]|10)$/.test(text);
  const tidy = (text) => (text.trim() === '0' ? '' : text.trim());

  function say(text, wrong) {
    says.textContent = text;
    says.classList.toggle('late', wrong);
  }

  function mark(cell, kind) {
    cell.classList.remove('waits', 'saved', 'wrong');
    if (kind) cell.classList.add(kind);
  }

  function owe(cell) {
    const text = tidy(cell.value);
    if (!good(text)) {
      waiting.delete(cell);
      mark(cell, 'wrong');
      return say(says.dataset.wrong, true);
    }
    if (text === cell.dataset.was && !waiting.has(cell)) return mark(cell, '');
    mark(cell, 'waits');
    waiting.set(cell, text);
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  }

  async function save() {
    clearTimeout(timer);
    if (busy) return later(100);
    const cells = [...waiting].slice(0, MOST);
    if (!cells.length) return;
    busy = true;
    const body = new URLSearchParams();
    for (const [cell, level] of cells) {
      waiting.delete(cell);
      body.append('agent', cell.closest('tr').dataset.agent);
      body.append('skill', cell.dataset.skill);
      body.append('was', cell.dataset.was);
      body.append('level', level);
    }
    const again = () => {
      for (const [cell, level] of cells) if (!waiting.has(cell)) waiting.set(cell, level);
      say(says.dataset.failed, true);
      later(AGAIN_MS);
    };
    try {
      const answer = await fetch(grid.dataset.grid, { method: 'PUT', body, headers: { 'HX-Request': 'true' }, keepalive: true });
      if (answer.ok) {
        take(cells, await answer.json());
      } else if (answer.status >= 500) {
        again();
      } else {
        const text = new DOMParser().parseFromString(await answer.text(), 'text/html').body.textContent.trim();
        for (const [cell] of cells) mark(cell, 'wrong');
        say(text || says.dataset.wrong, true);
        if (answer.status === 401) location.reload();
      }
    } catch {
      again();
    }
    busy = false;
    if (waiting.size) later(0);
  }

  function take(cells, { cells: done, text }) {
    let wrong = false;
    done.forEach(({ saved, level }, n) => {
      const [cell, sent] = cells[n];
      wrong ||= !saved;
      cell.dataset.was = level;
      // Typed on meanwhile: that is saved next.
      if (tidy(cell.value) === sent) {
        cell.value = level;
        mark(cell, saved ? 'saved' : 'wrong');
      } else {
        owe(cell);
      }
    });
    say(text, wrong);
  }

  function at(cell, down, right) {
    const row = cell.closest('tr');
    const rows = [...grid.tBodies[0].rows];
    const to = rows[rows.indexOf(row) + down];
    return to?.querySelectorAll('input')[[...row.querySelectorAll('input')].indexOf(cell) + right];
  }

  function go(cell) {
    if (!cell) return;
    cell.focus();
    cell.select();
  }

  grid.addEventListener('focusin', ({ target }) => target.matches('input') && target.select());
  grid.addEventListener('focusout', ({ target }) => target.matches('input') && waiting.has(target) && later(0));
  grid.addEventListener('input', ({ target }) => {
    owe(target);
    if (waiting.size) later(target.value.trim() === '1' ? PAUSE_MS : 50);
  });

  grid.addEventListener('keydown', (event) => {
    const cell = event.target;
    if (!cell.matches('input') || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const width = cell.closest('tr').querySelectorAll('input').length;
    const column = [...cell.closest('tr').querySelectorAll('input')].indexOf(cell);
    const steps = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Enter: [1, 0], Home: [0, -column], End: [0, width - 1 - column],
    };
    if (event.key === 'Escape') {
      waiting.delete(cell);
      cell.value = cell.dataset.was;
      mark(cell, '');
      cell.select();
    } else if (steps[event.key]) {
      event.preventDefault();
      go(at(cell, ...steps[event.key]));
    } else if (event.key.length === 1 && !/[0-9]/.test(event.key)) {
      event.preventDefault();
    }
  });

  grid.addEventListener('paste', (event) => {
    const text = event.clipboardData.getData('text').replace(/\r\n?/g, '\n').replace(/\n$/, '');
    if (!event.target.matches('input')) return;
    event.preventDefault();
    text.split('\n').forEach((line, down) => line.split('\t').forEach((level, right) => {
      const cell = at(event.target, down, right);
      if (!cell || cell.disabled) return;
      cell.value = tidy(level);
      owe(cell);
    }));
    later(0);
  });

  addEventListener('pagehide', save);
})();
