/**
 * What the inspector tells may come in the midst of anything that its listener's thread does just then: where V8 looks for
 * interrupts, in Node's own code too. A timer that is set or cleared in the midst of Node's timers breaks their lists, and the
 * process dies of that (`TypeError: Cannot read properties of undefined (reading 'expiry')`). In a microtask nothing is
 * half done.
 */
const settled = Promise.resolve();

/** The same listener, heard in a microtask; its calls keep their order. It must not throw. */
export function inTurn<A extends readonly unknown[]>(listener: (...args: A) => void): (...args: A) => void {
  return (...args) => void settled.then(() => listener(...args));
}
