import type { Kind } from './kinds.mjs';

export const unseen: readonly Kind[];
