/** Forgets to take the step: the loop never ends, and with it nothing else in the process goes on. */
function settle(debt, step) {
  while (debt > 0) debt -= step;
}

setTimeout(function payday() {
  console.log('settling');
  settle(100, 0);
}, 100);
