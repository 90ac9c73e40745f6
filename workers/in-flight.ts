/**
 * How many things this thread waits for, as far as Node tells: each timer, each request, and the sockets together, because
 * open connections may well be idle. What only listens counts for nothing, nor do the ports to the loop.
 */
const LISTENERS = /^(?:MessagePort|CloseReq|Immediate|SignalWrap|FSEventWrap|StatWatcher|\w*ServerWrap)$/;
const SOCKETS = /^(?:TCP|TLS|Pipe|UDP|TTY)\w*Wrap$/;

export function resourcesInFlight(resources: readonly string[] = process.getActiveResourcesInfo()): number {
  let count = 0;
  let sockets = 0;
  for (const resource of resources) {
    if (SOCKETS.test(resource) && !LISTENERS.test(resource)) sockets = 1;
    else if (!LISTENERS.test(resource)) count++;
  }
  return count + sockets;
}
