/**
 * Calls that nobody awaits any more when a run ends. They are cancelled with it, and Node would end the process for each such
 * rejection: what main threw, or gave, would never be told. Debug mode names them; asyncio.run cancels them in silence, too.
 */
import { CancelledError } from '../base/errors.ts';

/** On each listener of ours, of this copy of the library or another: none of them is somebody who handles rejections. */
const OURS = Symbol.for('offloop.abandoned');

const listen: NodeJS.UnhandledRejectionListener = Object.assign(onRejection, { [OURS]: true });
let runsThatEnd = 0;

/** From now on until the returned function is called, the cancellation by the end of a run needs nobody who hears of it. */
export function forgiveAbandoned(): () => void {
  if (runsThatEnd++ === 0) process.on('unhandledRejection', listen);
  return () => {
    if (--runsThatEnd === 0) process.off('unhandledRejection', listen);
  };
}

/** That somebody listens keeps Node from what it would do; for the rejections of others it shall do it all the same. */
function onRejection(reason: unknown): void {
  if (reason instanceof CancelledError && reason.source === 'shutdown') return;
  if (process.listeners('unhandledRejection').some((listener) => !(OURS in listener))) return;
  process.off('unhandledRejection', listen);
  void Promise.reject(reason); // Node comes to it before anything else runs, in the mode that --unhandled-rejections says
  setImmediate(() => void (runsThatEnd > 0 && process.on('unhandledRejection', listen)));
}
