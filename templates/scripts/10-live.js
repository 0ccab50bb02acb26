// One stream for each browser: the tab that holds the lock reads it, with htmx's event-stream extension, and tells the
// others by a channel. When that tab goes, another takes the lock. A page that has heard nothing for a while says so.
(() => {
  'use strict';
  const QUIET_MS = 12500; // two and a half pulses
  const address = document.body.dataset.stream;
  let heard = 0;
  let offset = Number(document.body.dataset.now) - Date.now();

  window.cordboard = { now: () => Date.now() + offset };
  if (!address) return;

  const channel = new BroadcastChannel('cordboard-live');

  // Only what stands on this page: another tab shows other pieces.
  function put(html) {
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    const pieces = [...parsed.body.children].filter((piece) => piece.id && document.getElementById(piece.id));
    if (!pieces.length) return;
    for (const piece of pieces) {
      if (!piece.hasAttribute('hx-swap-oob')) piece.setAttribute('hx-swap-oob', 'outerMorph');
    }
    const text = pieces.map((piece) => piece.outerHTML).join('');
    htmx.swap({ text, sourceElement: document.body, target: document.body, swap: 'none' })
      .then(() => document.dispatchEvent(new Event('cordboard:changed')));
  }

  window.cordboard.put = put;

  function take({ event, data }) {
    heard = Date.now();
    if (event === 'pulse') offset = Number(data) - Date.now();
    if (event === 'pieces') {
      put(data);
      document.dispatchEvent(new Event('cordboard:mine'));
    }
    if (event === 'stale') heard = 0;
    if (event === 'moved') document.dispatchEvent(new CustomEvent('cordboard:moved', { detail: data.split(' ') }));
    show();
  }

  function show() {
    const live = Date.now() - heard < QUIET_MS;
    document.documentElement.dataset.live = live ? 'yes' : 'no';
    const word = document.querySelector('#live-lamp [data-yes]');
    if (word && heard) word.textContent = live ? word.dataset.yes : word.dataset.no;
    const stale = document.getElementById('stale');
    if (stale) stale.hidden = live || !heard && performance.now() < QUIET_MS;
  }

  function read() {
    const reader = document.createElement('div');
    reader.hidden = true;
    // A hidden desk must not miss a call, and a lost line is tried again at once, then slower.
    reader.setAttribute('hx-config', '{"sse":{"reconnect":true,"pauseOnBackground":false,"reconnectDelay":300,"reconnectMaxDelay":5000}}');
    reader.setAttribute('hx-sse:connect', address);
    reader.setAttribute('hx-swap', 'none');
    for (const event of ['pieces', 'pulse', 'stale', 'moved']) {
      reader.addEventListener(event, ({ detail }) => {
        const message = { event, data: detail.data };
        channel.postMessage(message);
        take(message);
      });
    }
    reader.addEventListener('htmx:sse:error', ({ detail }) => {
      if (detail.status === 401) location.reload();
    });
    // The first connection can fail too, and the extension tries only a lost one again.
    reader.addEventListener('htmx:sse:close', () => setTimeout(() => { reader.remove(); read(); }, 1000));
    reader.addEventListener('htmx:error', () => setTimeout(() => { if (reader.isConnected && !reader._htmx?.sse) { reader.remove(); read(); } }, 2000));
    document.body.append(reader);
    htmx.process(reader);
  }

  channel.addEventListener('message', ({ data }) => {
    // Somebody new asks for all there is: only who reads can have it sent again.
    if (data.event !== 'hello') take(data);
  });
  const lock = () => navigator.locks.request('cordboard-live', () => {
    read();
    return new Promise(() => {});
  });
  if (navigator.locks) lock(); else read();

  setInterval(show, 1000);
  document.cordboardTake = take;
})();
