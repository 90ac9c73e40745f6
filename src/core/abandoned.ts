/**
 * Calls that nobody awaits. They are cancelled with their group or their run, and Node would end the process for each such
 * rejection: what the group or main threw, or gave, would never be told. Debug mode names them; asyncio, too, says nothing of what
 * was cancelled.
 */
import { CancelledError } from '../base/errors.ts';

/** On each listener of ours, of this copy of the library or another: none of them is somebody who handles rejections. */
const OURS = Symbol.for('offloop.abandoned');

const listen: NodeJS.UnhandledRejectionListener = Object.assign(onRejection, { [OURS]: true });
let runs = 0;

/** From now on until the returned function is called, a cancellation needs nobody who hears of it. */
export function forgiveAbandoned(): () => void {
  if (runs++ === 0) process.on('unhandledRejection', listen);
  return () => {
    if (--runs === 0) process.off('unhandledRejection', listen);
  };
}

/** That somebody listens keeps Node from what it would do; for the rejections of others it shall do it all the same. */
function onRejection(reason: unknown): void {
  if (reason instanceof CancelledError) return;
  if (process.listeners('unhandledRejection').some((listener) => !(OURS in listener))) return;
  process.off('unhandledRejection', listen);
  void Promise.reject(reason); // Node comes to it before anything else runs, in the mode that --unhandled-rejections says
  setImmediate(() => void (runs > 0 && process.on('unhandledRejection', listen)));
}
