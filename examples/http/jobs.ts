import { pbkdf2Sync } from 'node:crypto';
import { offload } from 'offloop';

/** About 300 ms of CPU. */
export const hash = offload(import.meta, (password: string) => pbkdf2Sync(password, 'salt', 300_000, 32, 'sha256').toString('hex'));
