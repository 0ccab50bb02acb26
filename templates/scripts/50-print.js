// The browser's own print: there is nothing to wait for.
document.addEventListener('click', ({ target }) => {
  if (target.closest('[data-print]')) print();
});
