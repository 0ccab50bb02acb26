// One stream for each browser: the tab that holds the lock reads it and tells the others by a channel. When that tab
// goes, another takes the lock. A page that has heard nothing for a while says so.
(() => {
  'use strict';
  const QUIET_MS = 12500; // two and a half pulses
  const ANSWER_MS = 4000; // a server that is there answers at once; a line that was kept open may be dead
  const FIRST_WAIT_MS = 300; // a line that was lost is tried again at once, then slower
  const LONGEST_WAIT_MS = 5000;
  const address = document.body.dataset.stream;
  let heard = 0;
  let old = false; // a part could not be drawn
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
    // It leads to the login, or shows the page to whom it is now.
    if (event === 'left' || event === 'whose' && data !== document.body.dataset.who) return location.reload();
    heard = Date.now();
    if (event === 'stale' || event === 'refused') old = true;
    if (event === 'refused') notice(data);
    if (event === 'pulse') {
      if (old) document.getElementById('notices')?.replaceChildren();
      old = false;
      offset = Number(data) - Date.now();
    }
    if (event === 'pieces') {
      put(data);
      document.dispatchEvent(new Event('cordboard:mine'));
    }
    if (event === 'moved') document.dispatchEvent(new CustomEvent('cordboard:moved', { detail: data.split(' ') }));
    show();
  }

  // Why there is no stream, in the server's words.
  function notice(html) {
    const words = new DOMParser().parseFromString(html, 'text/html').querySelector('.notice');
    if (words) document.getElementById('notices')?.replaceChildren(words);
  }

  function tell(message) {
    channel.postMessage(message);
    take(message);
  }

  function show() {
    const begins = !heard && performance.now() < QUIET_MS;
    const live = !old && Date.now() - heard < QUIET_MS;
    if (!begins) document.documentElement.dataset.live = live ? 'yes' : 'no';
    const word = document.querySelector('#live-lamp [data-yes]');
    if (word && !begins) word.textContent = live ? word.dataset.yes : word.dataset.no;
    const stale = document.getElementById('stale');
    if (stale) stale.hidden = live || begins;
  }

  // Events as they come (HTML §9.2.6, as far as our server writes it: no ids, no retry).
  async function messages(body, each) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const whole = (rest + value).split('\n\n');
      rest = whole.pop();
      for (const text of whole) {
        const lines = text.split('\n');
        const of = (name) => lines.filter((line) => line.startsWith(name + ': ') || line === name + ':').map((line) => line.slice(name.length + 2));
        each({ event: of('event')[0], data: of('data').join('\n') });
      }
    }
  }

  let anew = () => {};
  let reading = false;
  let tried = 0;

  // Until the page goes. Not EventSource: it does not tell a session that has ended from a server that is away, gives up
  // after some answers, and waits for ever on a line that is dead without a word.
  async function read() {
    reading = true;
    for (let wait = FIRST_WAIT_MS; reading; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const line = new AbortController();
      let quiet;
      let asked = false;
      anew = () => {
        asked = true;
        line.abort();
      };
      const within = (ms) => {
        clearTimeout(quiet);
        quiet = setTimeout(() => line.abort(), ms);
      };
      try {
        within(ANSWER_MS);
        const answer = await fetch(address, { headers: { 'HX-Request': 'true' }, cache: 'no-store', signal: line.signal });
        if (answer.status === 401) return tell({ event: 'left' });
        if (answer.status === 429) tell({ event: 'refused', data: await answer.text() });
        if (answer.ok) {
          await messages(answer.body, (message) => {
            within(QUIET_MS);
            wait = FIRST_WAIT_MS;
            tell(message);
          });
        }
      } catch {
        // Tried again like one that has ended.
      }
      clearTimeout(quiet);
      line.abort();
      if (asked) continue;
      // A server that is started anew is back by then; what lasts longer is said.
      if (wait > 2 * FIRST_WAIT_MS) tell({ event: 'stale' });
      // Not all desks at the same moment.
      await new Promise((again) => setTimeout(again, wait * (0.7 + 0.3 * Math.random())));
    }
  }

  // A tab that opens later has missed what changed since it was drawn: the stream begins anew, with all there is.
  channel.addEventListener('message', ({ data }) => (data.event === 'hello' ? anew() : take(data)));
  channel.postMessage({ event: 'hello' });

  // A browser lets a hidden tab sleep. One that is looked at and hears nothing takes the stream over.
  function compete(steal) {
    if (!navigator.locks) return read();
    tried = Date.now();
    return navigator.locks.request('cordboard-live', { steal }, read).catch(() => {
      reading = false;
      anew();
      compete(false);
    });
  }
  setInterval(() => {
    show();
    const quiet = Date.now() - Math.max(heard, tried) > QUIET_MS;
    if (quiet && !reading && !document.hidden && navigator.locks) compete(true);
  }, 1000);
  compete(false);
})();
