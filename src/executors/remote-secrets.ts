/** Passwords stand in URLs, and clients put the commands they sent into their errors. Neither may reach a log or a user's error. */

/** The URL without what must not be shown. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return '(not a URL)';
  }
}

/** Everything in the URL that must not be shown, as it may appear in a text. */
export function secretsOf(url: string): string[] {
  try {
    const { password, searchParams } = new URL(url);
    const query = [...searchParams].filter(([key]) => /pass|secret|key|token/i.test(key)).map(([, value]) => value);
    return [decodeURIComponent(password), password, ...query].filter((text) => text !== '');
  } catch {
    return [];
  }
}

/** An error of a client as one that may be shown: name, message and code, without the command and its arguments. */
export function cleanError(error: unknown, secrets: readonly string[]): Error {
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : typeof code === 'string' ? code : String(error);
  const clean = new Error(hide(text, secrets));
  if (typeof name === 'string') Object.defineProperty(clean, 'name', { value: name, configurable: true, writable: true });
  clean.stack = `${clean.name}: ${clean.message}`;
  if (typeof code === 'string') Object.assign(clean, { code });
  return clean;
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}
