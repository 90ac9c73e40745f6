// Keeps its thread busy for so many milliseconds.
export default (ms) => {
  for (const end = performance.now() + ms; performance.now() < end;);
  return ms;
};
