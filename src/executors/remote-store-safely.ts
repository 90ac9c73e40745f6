/** Puts a payload into a blob store that may be out of reach for a while, as the server may be on which it is by default. */

const TRIES = 5;
/** Milliseconds. */
const PAUSE = 100;

/** Null when nobody wants it any more. A store that fails although the server is there is tried a few times, then its error is told. */
export async function storeSafely(
  store: () => Promise<string>,
  server: { readonly ready: boolean },
  wanted: { readonly over: boolean },
): Promise<string | null> {
  for (let failures = 0; !wanted.over;) {
    try {
      if (server.ready) return await store();
    } catch (error) {
      if (server.ready && ++failures >= TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE * (1 + failures)));
  }
  return null;
}
