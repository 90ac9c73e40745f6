import type { Actor } from 'offloop';

export declare const Noop: Actor<[], { noop(k: number): number; rows(n: number): AsyncGenerator<number> }>;
