// Clocks tick here, from the moment that the page names; nothing asks the server for the time.
(() => {
  'use strict';
  const zone = document.body.dataset.zone || 'UTC';
  const wall = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const exact = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });

  function text(ms) {
    const all = Math.max(0, Math.floor(ms / 1000));
    const two = (n) => String(n).padStart(2, '0');
    const hours = Math.floor(all / 3600);
    return hours ? `${hours}:${two(Math.floor(all / 60) % 60)}:${two(all % 60)}` : `${Math.floor(all / 60)}:${two(all % 60)}`;
  }

  function tick() {
    const now = window.cordboard.now();
    for (const time of document.querySelectorAll('time[data-since]')) {
      const since = Number(time.dataset.since);
      time.textContent = text(now - since);
      if (!time.title) time.title = exact.format(since);
      // What turns late while nobody sends anything: the page knows the target.
      const target = Number(time.dataset.target);
      if (target) {
        const cell = time.closest('[data-wait]') || time;
        cell.classList.toggle('late', now - since >= target);
        cell.classList.toggle('risk', now - since >= target * 0.75 && now - since < target);
      }
    }
    for (const time of document.querySelectorAll('time[data-until]')) {
      time.textContent = text(Number(time.dataset.until) - now);
      if (!time.title) time.title = exact.format(Number(time.dataset.until));
    }
    for (const time of document.querySelectorAll('time[data-wall]')) time.textContent = wall.format(now);
  }

  tick();
  setInterval(tick, 1000);
  document.addEventListener('cordboard:changed', tick);
  document.addEventListener('htmx:after:swap', tick);
})();
