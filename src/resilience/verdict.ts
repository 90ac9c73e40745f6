/** Asking a program's own function about an error. */
import { wrongType } from '../base/validate.ts';

/**
 * What `predicate` says about `error`. An async function is refused: its promise would always count as true, in silence.
 *
 * - Throws: what `predicate` throws, with `error` as its cause.
 */
export function verdict(where: string, predicate: () => boolean, error: unknown): boolean {
  try {
    const answer = predicate() as unknown;
    if (typeof answer !== 'boolean') throw wrongType(`what ${where} returns`, 'a boolean', answer);
    return answer;
  } catch (mistake) {
    throw withCause(mistake, error);
  }
}

/** The mistake hides why anything was asked; its cause says so, unless it has one. */
export function withCause(mistake: unknown, error: unknown): unknown {
  if (mistake instanceof Error && mistake !== error && !('cause' in mistake) && Object.isExtensible(mistake)) {
    Object.defineProperty(mistake, 'cause', { value: error, configurable: true, writable: true });
  }
  return mistake;
}
